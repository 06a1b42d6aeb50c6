/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loaded before all else (LD_PRELOAD) it looks at each piece of memory of SIZE bytes that is given back, and writes to
 * standard error one letter: C when its first bytes are cleared, S when the secret is still there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#define SIZE 54321
#define SECRET "marker-of-a-secret"

void free(void *memory)
{
    static void (*give_back)(void *);
    if (!give_back)
        give_back = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    if (memory) {
        size_t size = malloc_usable_size(memory);
        static const char zero[sizeof SECRET];
        /* ctypes.create_string_buffer asks for no more than it is told to, Marshal.AllocHGlobal neither */
        if (size >= SIZE && size < SIZE + 64) {
            if (memcmp(memory, SECRET, strlen(SECRET)) == 0)
                (void)!write(2, "S", 1);
            else if (memcmp(memory, zero, sizeof zero) == 0)
                (void)!write(2, "C", 1);
        }
    }
    give_back(memory);
}
