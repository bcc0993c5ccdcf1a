/* SPDX-License-Identifier: MIT */

#include "bus/polkit.h"

#include <glib.h>
#include <stdint.h>

#include "log.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define FLAG_ALLOW_INTERACTION 1u

struct BhPolkitCheck {
        sd_bus *bus;
        sd_bus_slot *slot;
        char *cancellation_id;
        bool interactive;
        BhPolkitDone done;
        void *userdata;
};

static void check_free(BhPolkitCheck *check) {
        sd_bus_slot_unref(check->slot);
        sd_bus_unref(check->bus);
        g_free(check->cancellation_id);
        g_free(check);
}

static BhPolkitAnswer read_answer(sd_bus_message *m) {
        const sd_bus_error *error = sd_bus_message_get_error(m);
        int authorized, challenge, r;

        if (error) {
                bh_log_warning("polkit does not answer: %s", error->message ?: error->name);
                return BH_POLKIT_ABSENT;
        }
        r = sd_bus_message_enter_container(m, 'r', "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(m, "bb", &authorized, &challenge);
        if (r < 0) {
                bh_log_warning_errno(r, "polkit's answer makes no sense");
                return BH_POLKIT_ABSENT;
        }
        if (authorized)
                return BH_POLKIT_ALLOWED;
        return challenge ? BH_POLKIT_CHALLENGE : BH_POLKIT_DENIED;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhPolkitCheck *check = userdata;

        check->done(read_answer(m), check->userdata);
        check_free(check);
        return 0;
}

int bh_polkit_check(sd_bus *bus, const char *peer, const char *action, bool interactive, BhPolkitDone done,
                    void *userdata, BhPolkitCheck **ret) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        BhPolkitCheck *check;
        int r;

        check = g_new0(BhPolkitCheck, 1);
        *check =
                (BhPolkitCheck){.bus = sd_bus_ref(bus), .interactive = interactive, .done = done, .userdata = userdata};
        /* Unique among ours, which is all that polkit asks for. */
        check->cancellation_id = interactive ? g_uuid_string_random() : g_strdup("");

        r = sd_bus_message_new_method_call(bus, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", peer, action, 0,
                                          interactive ? FLAG_ALLOW_INTERACTION : 0u, check->cancellation_id);
        if (r >= 0)
                r = sd_bus_call_async(bus, &check->slot, m, on_answer, check, interactive ? UINT64_MAX : 0);
        if (r < 0) {
                check_free(check);
                return r;
        }
        *ret = check;
        return 0;
}

void bh_polkit_cancel(BhPolkitCheck *check) {
        int r;

        if (!check)
                return;
        if (check->interactive) {
                r = sd_bus_call_method_async(check->bus, NULL, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                             "CancelCheckAuthorization", NULL, NULL, "s", check->cancellation_id);
                if (r < 0)
                        bh_log_warning_errno(r, "Cannot take back a question to polkit");
        }
        check_free(check);
}
