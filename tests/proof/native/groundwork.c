/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* One export whose arguments are of the kinds that differ between the ABIs: a 64-bit integer by value (two stack slots
 * on x86), a BOOLEAN of one byte, a pointer. It leaves in *out what it was given. The layout section tells the
 * compiler's idea of a structure without running anything.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#define CALL __stdcall
#else
#define EXPORT __attribute__((visibility("default")))
#define CALL
#endif

struct seen {
    uint8_t flag;
    uint64_t wide;
    void *pointer;
    uint32_t number;
};

__attribute__((section("layout"), used))
const uint32_t layout_of_seen[] = {
    sizeof(struct seen), offsetof(struct seen, flag), offsetof(struct seen, wide),
    offsetof(struct seen, pointer), offsetof(struct seen, number),
};

EXPORT uint32_t CALL Groundwork(uint32_t number, uint64_t wide, uint8_t flag, struct seen *out);

EXPORT uint32_t CALL Groundwork(uint32_t number, uint64_t wide, uint8_t flag, struct seen *out)
{
    *out = (struct seen){flag, wide, out, number};
    return 0xEFFF003Eu;
}
