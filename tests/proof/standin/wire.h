// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One call, as named fields over loopback.
//
// The stand-in connects to 127.0.0.1 at the port in the environment variable WINSTORAGE_STANDIN_PORT, sends lines, and
// gets lines back; an empty line ends either side; a connection serves one call. A line is PATH=VALUE. A path is the
// name of an argument, of a field in it, or the number of an element in it, joined by dots:
// "PersistentLoginInfo.0.LoginOptions.Username". A value begins with its kind:
//
//     n              nothing: a null pointer
//     i1234          an integer, decimal
//     t69007100      text: UTF-16LE in hexadecimal, without its NUL
//     b00ff          bytes in hexadecimal
//     l2             a list: its elements follow under their numbers
//     s              a structure: its fields follow under their names
//
// The first line of a request is "call=t<export>". A reply has "status=i<n>", and may have "variant=t<name>", which
// asks the stand-in to answer in another way than the plain one (see standin.c).

#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#define API __attribute__((stdcall))  // WINAPI; without effect on x64
#else
#define EXPORT __attribute__((visibility("default")))
#define API
#endif

#define ERROR_INVALID_PARAMETER 87
#define ERROR_INSUFFICIENT_BUFFER 122
#define ERROR_NOACCESS 998
#define RPC_S_SERVER_UNAVAILABLE 1722

typedef struct {
    char *request;
    size_t used, room;
    char *reply;
    char **lines;  // of the reply, each ended by NUL
    size_t count, next;
    uint32_t status;
} exchange;

// Request. "at" is the path of what holds the field, "" for the call itself.
void begin(exchange *x, const char *export_name);
void say_null(exchange *x, const char *at, const char *name);
void say_number(exchange *x, const char *at, const char *name, uint64_t value);
void say_text(exchange *x, const char *at, const char *name, const uint16_t *text,
              size_t limit);  // limit in characters
void say_bytes(exchange *x, const char *at, const char *name, const void *bytes, size_t length);
void say_list(exchange *x, const char *at, const char *name, size_t count);
void say_structure(exchange *x, const char *at, const char *name);

// Send the request, wait for the reply. Without a server the status is RPC_S_SERVER_UNAVAILABLE and the reply is empty.
void perform(exchange *x);
void finish(exchange *x);  // wipe and free

// Reply. What is absent or null reads as 0 or empty.
int given(exchange *x, const char *at, const char *name);
char kind_of(exchange *x, const char *at, const char *name);
uint64_t number(exchange *x, const char *at, const char *name);
size_t list_count(exchange *x, const char *at, const char *name);
size_t content_size(exchange *x, const char *at, const char *name);  // of text or bytes, in bytes
size_t content(exchange *x, const char *at, const char *name, void *to,
               size_t room);  // as much as fits; returns how much that was
int variant(exchange *x, const char *name);

#define PATH_SIZE 160
const char *join(char path[PATH_SIZE], const char *at, const char *name);
const char *element(char path[PATH_SIZE], const char *at, const char *name, size_t index);

#endif
