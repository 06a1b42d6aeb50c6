// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#undef ERROR_INVALID_PARAMETER
#undef ERROR_INSUFFICIENT_BUFFER
#undef ERROR_NOACCESS
#undef RPC_S_SERVER_UNAVAILABLE
#else
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#define closesocket close
#define SOCKET int
#define INVALID_SOCKET (-1)
#endif
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

static void *checked(void *memory) {
    if (!memory)
        abort();
    return memory;
}

// -- the request ------------------------------------------------------------------------------------------------------

static void reserve(exchange *x, size_t more) {
    if (x->used + more <= x->room)
        return;
    size_t room = 2 * (x->used + more);
    char *larger = checked(malloc(room));  // not realloc: what it leaves behind may be a secret
    if (x->request) {
        memcpy(larger, x->request, x->used);
        memset(x->request, 0, x->used);
        free(x->request);
    }
    x->request = larger;
    x->room = room;
}

static void say(exchange *x, const char *at, const char *name, const char *value) {
    size_t room = strlen(at) + strlen(name) + strlen(value) + 4;
    reserve(x, room);
    x->used += (size_t)snprintf(x->request + x->used, room, "%s%s%s=%s", at, *at ? "." : "", name, value);
}

static void say_hex(exchange *x, const void *bytes, size_t length) {
    reserve(x, 2 * length + 1);
    for (size_t i = 0; i < length; i++) {
        x->request[x->used++] = "0123456789abcdef"[((const uint8_t *)bytes)[i] >> 4];
        x->request[x->used++] = "0123456789abcdef"[((const uint8_t *)bytes)[i] & 15];
    }
    x->request[x->used++] = '\n';
}

void begin(exchange *x, const char *export_name) {
    memset(x, 0, sizeof *x);
    say(x, "", "call", "t");
    uint16_t wide[64];
    size_t length = strlen(export_name);
    for (size_t i = 0; i < length; i++)
        wide[i] = (uint16_t)export_name[i];
    say_hex(x, wide, 2 * length);
}

void say_null(exchange *x, const char *at, const char *name) {
    say(x, at, name, "n\n");
}

void say_number(exchange *x, const char *at, const char *name, uint64_t value) {
    char digits[32];
    snprintf(digits, sizeof digits, "i%" PRIu64 "\n", value);
    say(x, at, name, digits);
}

void say_text(exchange *x, const char *at, const char *name, const uint16_t *text, size_t limit) {
    if (!text) {
        say_null(x, at, name);
        return;
    }
    size_t length = 0;
    while (length < limit && text[length])
        length++;
    say(x, at, name, "t");
    say_hex(x, text, 2 * length);
}

void say_bytes(exchange *x, const char *at, const char *name, const void *bytes, size_t length) {
    if (!bytes) {
        say_null(x, at, name);
        return;
    }
    say(x, at, name, "b");
    say_hex(x, bytes, length);
}

void say_list(exchange *x, const char *at, const char *name, size_t count) {
    char value[32];
    snprintf(value, sizeof value, "l%u\n", (unsigned)count);
    say(x, at, name, value);
}

void say_structure(exchange *x, const char *at, const char *name) {
    say(x, at, name, "s\n");
}

// -- the way ----------------------------------------------------------------------------------------------------------

static int port(void) {
#ifdef _WIN32
    char text[16] = "";  // not getenv: there is one for each C run-time library of the process
    GetEnvironmentVariableA("WINSTORAGE_STANDIN_PORT", text, sizeof text);
    return atoi(text);
#else
    const char *text = getenv("WINSTORAGE_STANDIN_PORT");
    return text ? atoi(text) : 0;
#endif
}

static SOCKET connected(void) {
#ifdef _WIN32
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data))
        return INVALID_SOCKET;
#endif
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    if (s != INVALID_SOCKET && connect(s, (struct sockaddr *)&address, sizeof address)) {
        closesocket(s);
        return INVALID_SOCKET;
    }
    return s;
}

static int sent(SOCKET s, const char *data, size_t size) {
    while (size) {
        int done = (int)send(s, data, (int)(size < 65536 ? size : 65536), 0);
        if (done <= 0)
            return 0;
        data += done;
        size -= (size_t)done;
    }
    return 1;
}

static char *received(SOCKET s) {
    size_t used = 0, room = 1 << 16;
    char *data = checked(malloc(room));
    for (;;) {
        int done = (int)recv(s, data + used, (int)(room - used - 1), 0);
        if (done <= 0)
            break;
        used += (size_t)done;
        if (used > room / 2)
            data = checked(realloc(data, room *= 2));
    }
    data[used] = 0;
    if (used < 2 || memcmp(data + used - 2, "\n\n", 2)) {  // cut off
        free(data);
        return NULL;
    }
    return data;
}

static void split(exchange *x) {
    size_t room = 1;
    for (const char *c = x->reply; *c; c++)
        room += *c == '\n';
    x->lines = checked(malloc(room * sizeof *x->lines));
    for (char *line = x->reply; *line && *line != '\n';) {
        char *end = strchr(line, '\n');
        *end = 0;
        x->lines[x->count++] = line;
        line = end + 1;
    }
}

void perform(exchange *x) {
    x->status = RPC_S_SERVER_UNAVAILABLE;
    reserve(x, 1);
    x->request[x->used++] = '\n';
    SOCKET s = connected();
    if (s == INVALID_SOCKET)
        return;
    if (sent(s, x->request, x->used))
        x->reply = received(s);
    closesocket(s);
    if (x->reply) {
        split(x);
        x->status = (uint32_t)number(x, "", "status");
    }
}

void finish(exchange *x) {
    memset(x->request, 0, x->used);
    free(x->request);
    free(x->reply);
    free(x->lines);
}

// -- the reply --------------------------------------------------------------------------------------------------------

const char *join(char path[PATH_SIZE], const char *at, const char *name) {
    snprintf(path, PATH_SIZE, "%s%s%s", at, *at ? "." : "", name);
    return path;
}

const char *element(char path[PATH_SIZE], const char *at, const char *name, size_t index) {
    snprintf(path, PATH_SIZE, "%s%s%s.%u", at, *at ? "." : "", name, (unsigned)index);
    return path;
}

// The value of a field, "n" where it is absent. Fields are asked for in about the order they come in: begin with the
// last found.
static const char *value_of(exchange *x, const char *at, const char *name) {
    char path[PATH_SIZE];
    join(path, at, name);
    size_t length = strlen(path);
    for (size_t i = 0; i < x->count; i++) {
        size_t index = (x->next + i) % x->count;
        if (!strncmp(x->lines[index], path, length) && x->lines[index][length] == '=') {
            x->next = index;
            return x->lines[index] + length + 1;
        }
    }
    return "n";
}

char kind_of(exchange *x, const char *at, const char *name) {
    return *value_of(x, at, name);
}

int given(exchange *x, const char *at, const char *name) {
    return kind_of(x, at, name) != 'n';
}

uint64_t number(exchange *x, const char *at, const char *name) {
    const char *value = value_of(x, at, name);
    return *value == 'i' ? strtoull(value + 1, NULL, 10) : 0;
}

size_t list_count(exchange *x, const char *at, const char *name) {
    const char *value = value_of(x, at, name);
    return *value == 'l' ? strtoul(value + 1, NULL, 10) : 0;
}

size_t content_size(exchange *x, const char *at, const char *name) {
    const char *value = value_of(x, at, name);
    return *value == 't' || *value == 'b' ? strlen(value + 1) / 2 : 0;
}

static unsigned digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t content(exchange *x, const char *at, const char *name, void *to, size_t room) {
    size_t size = content_size(x, at, name);
    const char *hex = value_of(x, at, name) + 1;
    if (size > room)
        size = room;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return size;
}

int variant(exchange *x, const char *name) {
    uint16_t wide[64] = {0};
    content(x, "", "variant", wide, sizeof wide - 2);
    for (size_t i = 0; i < 64; i++) {
        if (wide[i] != (uint16_t)name[i])
            return 0;
        if (!name[i])
            return 1;
    }
    return 0;
}
