// Copyright: (c) 2026, winstorage.iscsi contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Structures to fields, fields to structures. Members are read and assigned by name: where they lie is the compiler's
// affair alone.

#ifndef MARSHAL_H
#define MARSHAL_H

#include "iscsidsc.h"
#include "wire.h"

typedef struct scrap {
    struct scrap *previous;
    ULONGLONG content[];
} scrap;

// One call: the exchange, and the place where the caller gets records and what their pointers lead to.
typedef struct {
    exchange x;
    UCHAR *start;  // the caller's buffer; NULL while it is only measured what is needed
    size_t room, used;
    scrap *scraps;  // memory in place of the caller's while measuring
} call;

typedef void teller(call *c, const char *at, const char *name, const void *structure);
typedef void filler(call *c, const char *at, void *structure);

// In: the structure at the pointer (or a null) as fields under its argument's name.
teller tell_session_id, tell_portal, tell_options, tell_mapping, tell_portal_group, tell_authentication;

// Out: the fields under the path "at" into a structure.
filler fill_version, fill_session_id, fill_portal, fill_portal_info, fill_portal_info_ex, fill_persistent_login,
    fill_mapping, fill_session_info, fill_session_info_ex, fill_device, fill_options, fill_authentication;

// A piece of the caller's buffer. Aligned within the buffer.
void *place(call *c, size_t size, size_t alignment);
void put_text(call *c, const char *at, const char *name, WCHAR *to, size_t characters);
void *put_behind(call *c, const char *at, const char *name);  // text with its NUL, or bytes

#endif
