/* What the machine allows: client SECONDS PLAN PORT... polls every device without a pause, one request outstanding,
   and makes doubles of all values. The plan has lines `r ADDRESS COUNT` for requests, `f`, `l` or `s ADDRESS COUNT`
   for float32, uint32 and uint16 values. Prints {values, wall_s, cpu_s, rss_mb, first}; first: of the last poll. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65536, DEVICES = 256 };

static struct { int kind, at, count; } runs[MOST];
static struct { int at, count; } requests[MOST];
static struct { int file, request, held; uint16_t id; uint8_t in[512], wire[2 * MOST]; } devices[DEVICES];
static int run_count, request_count;
static double values[MOST], first[3];
static long long decoded;

static void fail(const char *why) {
    perror(why);
    exit(1);
}

static double clock_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void read_plan(const char *name) {
    FILE *plan = fopen(name, "r");
    char kind;
    int at, count;
    if (!plan)
        fail(name);
    while (fscanf(plan, " %c %d %d", &kind, &at, &count) == 3) {
        if (kind == 'r')
            requests[request_count].at = at, requests[request_count++].count = count;
        else
            runs[run_count].kind = kind, runs[run_count].at = at, runs[run_count++].count = count;
    }
    fclose(plan);
}

static void ask(int d) {
    int at = requests[devices[d].request].at, count = requests[devices[d].request].count;
    uint16_t id = ++devices[d].id;
    uint8_t adu[12] = {id >> 8, id, 0, 0, 0, 6, 1, 3, at >> 8, at, count >> 8, count};
    if (write(devices[d].file, adu, 12) != 12)
        fail("write");
}

static void decode(const uint8_t *wire) {
    double *out = values;
    for (int r = 0; r < run_count; r++) {
        const uint8_t *at = wire + 2 * runs[r].at;
        int wide = runs[r].kind == 's' ? 2 : 4;
        double *begin = out;
        for (int n = 0; n < runs[r].count; n++, at += wide, out++) {
            uint32_t bits;
            float real;
            if (wide == 2) {
                *out = at[0] << 8 | at[1];
                continue;
            }
            memcpy(&bits, at, 4);
            bits = ntohl(bits);
            memcpy(&real, &bits, 4);
            *out = runs[r].kind == 'f' ? real : bits;
        }
        if (r < 3)
            first[r] = *begin;
    }
    decoded += out - values;
}

/* Takes what came; 1 when the poll is whole. */
static int take(int d) {
    int at = requests[devices[d].request].at, bytes = 2 * requests[devices[d].request].count;
    uint8_t *in = devices[d].in;
    ssize_t got = read(devices[d].file, in + devices[d].held, sizeof devices[d].in - devices[d].held);
    if (got <= 0)
        fail("read");
    if ((devices[d].held += got) < 9 + bytes)
        return 0;
    if ((in[0] << 8 | in[1]) != devices[d].id || in[6] != 1 || in[7] != 3 || in[8] != bytes) {
        fprintf(stderr, "an answer to something else\n");
        exit(1);
    }
    memcpy(devices[d].wire + 2 * at, in + 9, bytes);
    devices[d].held = 0;
    devices[d].request = (devices[d].request + 1) % request_count;
    if (devices[d].request == 0)
        decode(devices[d].wire);
    return devices[d].request == 0;
}

static int connected(int loop, int d, int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = d};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) ||
        epoll_ctl(loop, EPOLL_CTL_ADD, file, &event))
        fail("connect");
    return file;
}

int main(int argc, char **argv) {
    int count = argc - 3, loop = epoll_create1(0), warm = 0;
    struct rusage used;
    if (count < 1 || count > DEVICES || loop < 0)
        return 2;
    read_plan(argv[2]);
    for (int d = 0; d < count; d++) {
        devices[d].file = connected(loop, d, atoi(argv[3 + d]));
        ask(d);
    }
    double begun = 0, cpu = 0, end = 1e300;
    while (clock_s() < end) {
        struct epoll_event events[DEVICES];
        int ready = epoll_wait(loop, events, DEVICES, 1000);
        for (int n = 0; n < ready; n++) {
            int d = events[n].data.u32;
            warm += take(d);
            if (devices[d].held == 0)
                ask(d);
        }
        if (end == 1e300 && warm >= count)
            decoded = 0, begun = clock_s(), cpu = cpu_s(), end = begun + atof(argv[1]);
    }
    double wall = clock_s() - begun;
    cpu = cpu_s() - cpu;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"values\": %lld, \"wall_s\": %f, \"cpu_s\": %f, \"rss_mb\": %.1f, \"first\": [%.9g, %.9g, %.9g]}\n", decoded,
           wall, cpu, used.ru_maxrss / 1024.0, first[0], first[1], first[2]);
    return 0;
}
