/* Modbus TCP devices that answer at once: server IMAGE REGISTERS VERSIONS DEVICES; prints a port for each device.
   The image holds the registers, big-endian, in so many versions; the device shows the next one every 100 ms.
   Ends when its standard input does. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 4096, ROOM = 4096, ADU = 260 };

static const uint8_t *image;
static unsigned registers, versions, tick;
static int device_of[FILES], listens[FILES], held[FILES];
static uint8_t waiting[FILES][ROOM];

static unsigned now_tick(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 10 + now.tv_nsec / 100000000;
}

static int listening(int device) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int file = socket(AF_INET, SOCK_STREAM, 0);
    if (file < 0 || file >= FILES || bind(file, (struct sockaddr *)&address, length) || listen(file, 16) ||
        getsockname(file, (struct sockaddr *)&address, &length))
        exit(1);
    device_of[file] = device, listens[file] = 1;
    printf("%d\n", ntohs(address.sin_port));
    return file;
}

/* One answer behind `out`; its length. */
static int answer(const uint8_t *request, int device, uint8_t *out) {
    unsigned function = request[7], at = request[8] << 8 | request[9], count = request[10] << 8 | request[11];
    memcpy(out, request, 8);
    if ((function != 3 && function != 4) || count < 1 || count > 125 || at + count > registers) {
        out[4] = 0, out[5] = 3, out[7] = function | 0x80, out[8] = function == 3 || function == 4 ? 2 : 1;
        return 9;
    }
    out[4] = 0, out[5] = 3 + 2 * count, out[8] = 2 * count;
    memcpy(out + 9, image + 2 * ((size_t)((tick + 7 * device) % versions) * registers + at), 2 * count);
    return 9 + 2 * count;
}

/* Answers every whole request; 0 when the connection is over. */
static int serve(int file) {
    static uint8_t out[ROOM / 12 * ADU];
    ssize_t got = read(file, waiting[file] + held[file], ROOM - held[file]);
    if (got <= 0)
        return 0;
    int end = held[file] + got, at = 0, size = 0;
    for (; end - at >= 12; at += 12)
        size += answer(waiting[file] + at, device_of[file], out + size);
    memmove(waiting[file], waiting[file] + at, end - at);
    held[file] = end - at;
    for (int sent = 0; sent < size;) {
        ssize_t wrote = write(file, out + sent, size - sent);
        if (wrote <= 0)
            return 0;
        sent += wrote;
    }
    return 1;
}

static void watch(int loop, int file) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = file};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, file, &event))
        exit(1);
}

static void take(int loop, int listener) {
    int file = accept(listener, NULL, NULL), on = 1;
    if (file < 0 || file >= FILES)
        exit(1);
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    device_of[file] = device_of[listener], listens[file] = held[file] = 0;
    watch(loop, file);
}

int main(int argc, char **argv) {
    int file = argc == 5 ? open(argv[1], O_RDONLY) : -1, loop = epoll_create1(0);
    registers = file < 0 ? 0 : atoi(argv[2]), versions = file < 0 ? 0 : atoi(argv[3]);
    image = file < 0 ? MAP_FAILED : mmap(NULL, 2 * (size_t)registers * versions, PROT_READ, MAP_SHARED, file, 0);
    if (image == MAP_FAILED || loop < 0)
        return 1;
    for (int device = 0; device < atoi(argv[4]); device++)
        watch(loop, listening(device));
    watch(loop, 0);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(loop, events, 256, -1);
        tick = now_tick();
        for (int n = 0; n < count; n++) {
            int ready = events[n].data.fd;
            if (ready == 0)
                return 0;
            if (listens[ready])
                take(loop, ready);
            else if (!serve(ready))
                close(ready);
        }
    }
}
