/* A Modbus TCP server on libmodbus for test_modbus_servers.py: prints its port, serves one client after another. */
#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(void) {
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(2100, 2100, 400, 400);
    int listener = ctx && map ? modbus_tcp_listen(ctx, 1) : -1;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        fprintf(stderr, "%s\n", modbus_strerror(errno));
        return 1;
    }
    for (int at = 0; at < 2100; at++) {
        map->tab_bits[at] = at % 3 == 0;
        map->tab_input_bits[at] = at % 5 == 0;
    }
    for (int at = 0; at < 400; at++)
        map->tab_input_registers[at] = 1000 + at;
    uint16_t *holding = map->tab_registers;
    /* 12.5, -0.15625, 1e10 and 3.25 by hand: modbus_set_float_* named their orders differently before 3.1.7. */
    const uint16_t floats[] = {0x4148, 0x0000, 0x0000, 0xBE20, 0x1550, 0xF902, 0x0000, 0x5040};
    memcpy(holding, floats, sizeof floats);
    MODBUS_SET_INT32_TO_INT16(holding, 8, -123456789);
    MODBUS_SET_INT64_TO_INT16(holding, 10, -1234567890123456LL);
    holding[14] = 0xBEEF;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
        if (modbus_tcp_accept(ctx, &listener) < 0)
            return 1;
        for (int size; (size = modbus_receive(ctx, query)) >= 0;)
            modbus_reply(ctx, query, size, map);
        modbus_close(ctx);
    }
}
