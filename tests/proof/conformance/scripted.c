/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A library with some names of iscsidsc.dll that answers by script, so that a test decides what a runner of batches
 * meets. It is no model of the initiator, and its records are not the initiator's.
 *
 * SetIScsiGroupPresharedKey loads the script: steps, one for each later call of a scripted export, in order:
 *     u32 status, size, count, fill, pointers; then pointers times (u32 at, to); then the fill bytes.
 * A step answers `status`; puts `size` and `count` where the export has them (KEEP: leaves them); and when the caller
 * gave a buffer, fills it and puts pointers into it at `at`, which lead to `to` of the same buffer.
 * GetIScsiTargetInformationW brings the trace: for each call of a scripted export char[4] its tag, u32 the size that
 * came in, u32 whether there was a buffer, and 16 bytes of what else came in.
 */
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#define EXPORT __declspec(dllexport) uint32_t __stdcall
static void forever(void) { Sleep(INFINITE); }
#else
#include <unistd.h>
#define EXPORT __attribute__((visibility("default"))) uint32_t
static void forever(void) { pause(); }      /* until a signal: Mono waits for its threads before it ends a process */
#endif

#define KEEP 0xFFFFFFFFu
#define HANG 0xFFFFFFFEu            /* as a status: never comes back */
#define NO_STEP 0x5C0001u           /* the script is at its end */
#define DOES_NOT_FIT 0x5C0002u      /* the caller's buffer is smaller than the fill */

struct step { uint32_t status, size, count, fill, pointers; };
struct record { char tag[4]; uint32_t size, buffer; uint8_t input[16]; };

static uint8_t script[2 << 20];
static uint32_t script_size, script_at;
static struct record trace[4096];
static uint32_t trace_count;

static uint32_t next(const char *tag, const void *input, uint32_t input_size,
                     uint32_t *size, uint32_t unit, uint32_t *count, void *buffer)
{
    struct record *seen = &trace[trace_count++ % 4096];
    memset(seen, 0, sizeof *seen);
    memcpy(seen->tag, tag, 4);
    seen->size = size ? *size : 0;
    seen->buffer = buffer != NULL;
    if (input)
        memcpy(seen->input, input, input_size);

    struct step step;
    if (script_size - script_at < sizeof step)
        return NO_STEP;
    memcpy(&step, script + script_at, sizeof step);
    const uint8_t *pointers = script + script_at + sizeof step, *fill = pointers + 8 * step.pointers;
    script_at += sizeof step + 8 * step.pointers + step.fill;
    if (step.status == HANG)
        forever();
    if (buffer && step.fill) {
        if (size && (uint64_t)*size * unit < step.fill)
            return DOES_NOT_FIT;
        memcpy(buffer, fill, step.fill);
        for (uint32_t index = 0; index < step.pointers; index++) {
            uint32_t at, to;
            memcpy(&at, pointers + 8 * index, 4);
            memcpy(&to, pointers + 8 * index + 4, 4);
            void *target = (uint8_t *)buffer + to;
            memcpy((uint8_t *)buffer + at, &target, sizeof target);
        }
    }
    if (size && step.size != KEEP)
        *size = step.size;
    if (count && step.count != KEEP)
        *count = step.count;
    return step.status;
}

/* The first 16 bytes of a text, as far as it goes. */
static uint32_t texted(const char *tag, const uint16_t *text)
{
    uint16_t start[8] = {0};
    for (int at = 0; text && at < 8 && text[at]; at++)
        start[at] = text[at];
    return next(tag, text ? start : NULL, sizeof start, NULL, 0, NULL, NULL);
}

EXPORT SetIScsiGroupPresharedKey(uint32_t length, const void *steps, uint8_t persist)
{
    if (length > sizeof script || persist != 0)
        return 87;
    script_size = length;
    script_at = trace_count = 0;
    if (length)
        memcpy(script, steps, length);
    return 0;
}

EXPORT GetIScsiTargetInformationW(const uint16_t *name, const uint16_t *mechanism, uint32_t class, uint32_t *size,
                                  void *buffer)
{
    (void)name, (void)mechanism, (void)class;
    if (*size < trace_count * sizeof trace[0])
        return 122;
    *size = trace_count * sizeof trace[0];
    memcpy(buffer, trace, *size);
    return 0;
}

EXPORT ReportIScsiPersistentLoginsW(uint32_t *count, void *logins, uint32_t *bytes)
{
    return next("LOGI", NULL, 0, bytes, 1, count, logins);
}

EXPORT ReportIScsiTargetsW(uint8_t force, uint32_t *chars, void *texts)
{
    return next("TARG", &force, 1, chars, 2, NULL, texts);
}

EXPORT GetIScsiSessionListW(uint32_t *bytes, uint32_t *count, void *sessions)
{
    return next("SESS", NULL, 0, bytes, 1, count, sessions);
}

EXPORT GetDevicesForIScsiSessionW(const void *session, uint32_t *elements, void *devices)
{
    return next("DEVI", session, 16, elements, 12, NULL, devices);    /* elements of 12 bytes */
}

EXPORT LogoutIScsiTarget(const void *session)
{
    return next("LOGO", session, 16, NULL, 0, NULL, NULL);
}

EXPORT RemoveIScsiConnection(const void *session, const void *connection)
{
    uint8_t both[16];
    memcpy(both, session, 8);
    memcpy(both + 8, connection, 8);
    return next("CONN", both, sizeof both, NULL, 0, NULL, NULL);
}

EXPORT SetIScsiInitiatorCHAPSharedSecret(uint32_t length, const void *secret)
{
    uint8_t both[16] = {0};
    memcpy(both, &length, 4);
    if (secret)
        memcpy(both + 4, secret, 4);
    return next("CHAP", both, sizeof both, NULL, 0, NULL, NULL);
}

EXPORT AddISNSServerW(const uint16_t *address)
{
    return texted("ISN+", address);
}

EXPORT RemoveISNSServerW(const uint16_t *address)
{
    return texted("ISN-", address);
}

EXPORT RefreshISNSServerW(const uint16_t *address)
{
    return texted("ISN*", address);
}

/* These three answer by themselves: they show how arguments arrive. */

EXPORT GetIScsiVersionInformation(uint32_t *numbers)
{
    numbers[0] = 10, numbers[1] = 20, numbers[2] = 30;
    return 0;
}

struct user { char *name; uint32_t length; };

EXPORT AddIScsiSendTargetPortalW(const uint16_t *instance, uint32_t port, const struct user *user, uint64_t flags,
                                 const void *portal)
{
    uint8_t seen[16] = {0};
    (void)instance;
    memcpy(seen, user->name, user->length);
    memcpy(seen + 8, &port, 4);
    seen[12] = flags == 0x123456789ABCDEF0u;
    seen[13] = portal == user;
    return next("PORT", seen, sizeof seen, NULL, 0, NULL, NULL);
}

EXPORT SendScsiInquiry(const void *session, uint64_t lun, uint8_t evpd, uint8_t page, uint8_t *status,
                       uint32_t *size, uint8_t *response, uint32_t *sense_size, uint8_t *sense)
{
    memcpy(response, session, 16);
    memcpy(response + 16, &lun, 8);
    response[24] = evpd;
    response[25] = page;
    memcpy(response + 26, size, 4);
    memcpy(response + 30, sense_size, 4);
    *status = 2;
    *size = 34;
    *sense_size = 1;
    sense[0] = 0x70;
    return 0;
}

EXPORT LoginIScsiTargetW(const void *target, uint8_t informational, const void *instance, uint32_t port,
                         const void *portal, uint64_t flags, const void *mappings, const void *options,
                         uint32_t key_size, const void *key, uint8_t persistent, void *session, void *connection)
{
    uint32_t given = (target != NULL) | (instance != NULL) << 1 | (portal != NULL) << 2 | (mappings != NULL) << 3
        | (options != NULL) << 4 | (key != NULL) << 5 | (uint32_t)informational << 8 | (uint32_t)persistent << 16;
    memcpy(session, &flags, 8);
    memcpy((uint8_t *)session + 8, &port, 4);
    memcpy((uint8_t *)session + 12, &given, 4);
    memcpy(connection, &key_size, 4);
    if (key)
        memcpy((uint8_t *)connection + 4, key, 12);
    return 0;
}
