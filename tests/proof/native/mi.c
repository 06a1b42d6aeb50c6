/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* mi.dll, the client of the management classes, which Wine lacks: every operation fails, as where they are broken.
 * Under Wine .NET does not get over a library that is missing: PowerShell would wait for ever. */

#include <stddef.h>
#include <stdint.h>

#define EXPORTED __declspec(dllexport)
enum { MI_RESULT_FAILED = 1 };

typedef struct {
    uint32_t (*error_category)(const uint16_t *type, uint32_t code);
    uint32_t (*error_instance)(uint32_t code, const uint16_t *type, const uint16_t *message, void **instance);
} Utilities;

static uint32_t error_category(const uint16_t *type, uint32_t code)
{
    (void)type, (void)code;
    return 0;
}

static uint32_t error_instance(uint32_t code, const uint16_t *type, const uint16_t *message, void **instance)
{
    (void)code, (void)type, (void)message;
    *instance = NULL;
    return MI_RESULT_FAILED;
}

/* MI_ClientFT_V1 of mi.h: the last of its ten tables. */
static const Utilities utilities = {error_category, error_instance};
static const void *const tables[10] = {[9] = &utilities};
EXPORTED const void *const *mi_clientFT_V1 = tables;

EXPORTED uint32_t MI_Application_InitializeV1(uint32_t flags, const uint16_t *id, void **error, void *application)
{
    (void)flags, (void)id, (void)application;
    if (error)
        *error = NULL;
    return MI_RESULT_FAILED;
}
