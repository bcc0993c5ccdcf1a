/* SPDX-License-Identifier: MIT */

/* Has UDisks2 do one thing, as the service would, and prints what came of it: for tests/integration/test_udisks_verbs.py.
 *
 *   udisks-verb ADDRESS VERB [ARGUMENT…]
 *
 * One line: 0 or the negative errno, a tab, the result or the sentence. SIGTERM is what a clean stop of the service is. */

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "macro.h"
#include "udisks.h"

typedef struct Run {
        BhUdisks *udisks;
        sd_event *event;
        sd_event_source *finished;
        char **arguments; /* the verb, then its own */
        BhFailure failure;
        char *result;
        int r;
        int fds[2]; /* readable when the verb has returned */
} Run;

static bool has_block(const BhInventory *inventory, void *userdata) {
        return bh_inventory_block(inventory, userdata);
}

static int get_attributes(Run *run, const char *drive) {
        BhUdisksAttribute *attributes = NULL;
        size_t n = 0;
        int r = bh_udisks_smart_get_attributes(run->udisks, drive, &attributes, &n, &run->failure);

        if (r >= 0)
                run->result = g_strdup_printf("%zu %s %u", n, n > 0 ? attributes[0].name : "",
                                              (unsigned)(n > 0 ? attributes[0].id : 0));
        bh_udisks_attributes_free(attributes, n);
        return r;
}

static int get_nvme_values(Run *run, const char *drive) {
        BhUdisksNvmeValue *values = NULL;
        size_t n = 0;
        int r = bh_udisks_nvme_get_values(run->udisks, drive, &values, &n, &run->failure);

        bh_udisks_nvme_values_free(values, n);
        return r;
}

static int get_power_state(Run *run, const char *drive) {
        bool asleep = false;
        int r = bh_udisks_get_power_state(run->udisks, drive, &asleep, &run->failure);

        if (r >= 0)
                run->result = g_strdup(asleep ? "asleep" : "awake");
        return r;
}

static int read_inventory(Run *run) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        int r = bh_udisks_read_inventory(run->udisks, &inventory, &run->failure);

        if (r >= 0)
                run->result =
                        g_strdup_printf("%zu %zu %zu", inventory->n_drives, inventory->n_blocks, inventory->n_arrays);
        return r;
}

static int create(Run *run, char **a) {
        return bh_udisks_md_create(run->udisks, (const char *const *)a + 3, g_strv_length(a + 3), a[0], a[1],
                                   g_ascii_strtoull(a[2], NULL, 10), &run->result, &run->failure);
}

static int do_verb(Run *run) {
        const char *verb = run->arguments[0];
        char **a = run->arguments + 1;
        BhUdisks *u = run->udisks;
        BhFailure *f = &run->failure;

        if (g_str_equal(verb, "format"))
                return bh_udisks_format(u, a[0], a[1], a[2], true, f);
        if (g_str_equal(verb, "rescan"))
                return bh_udisks_rescan(u, a[0], f);
        if (g_str_equal(verb, "add-fstab"))
                return bh_udisks_add_fstab(u, a[0], a[1], a[2], "auto", "nofail", f);
        if (g_str_equal(verb, "remove-fstab"))
                return bh_udisks_remove_fstab(u, a[0], a[1], f);
        if (g_str_equal(verb, "mount"))
                return bh_udisks_mount(u, a[0], &run->result, f);
        if (g_str_equal(verb, "unmount"))
                return bh_udisks_unmount(u, a[0], g_strcmp0(a[1], "force") == 0, f);
        if (g_str_equal(verb, "resize"))
                return bh_udisks_resize_filesystem(u, a[0], g_ascii_strtoull(a[1], NULL, 10), f);
        if (g_str_equal(verb, "md-create"))
                return create(run, a);
        if (g_str_equal(verb, "md-start"))
                return bh_udisks_md_start(u, a[0], g_strcmp0(a[1], "degraded") == 0, f);
        if (g_str_equal(verb, "md-stop"))
                return bh_udisks_md_stop(u, a[0], f);
        if (g_str_equal(verb, "md-add"))
                return bh_udisks_md_add(u, a[0], a[1], f);
        if (g_str_equal(verb, "md-remove"))
                return bh_udisks_md_remove(u, a[0], a[1], g_strcmp0(a[2], "wipe") == 0, f);
        if (g_str_equal(verb, "md-sync"))
                return bh_udisks_md_request_sync(u, a[0], a[1], f);
        if (g_str_equal(verb, "md-bitmap"))
                return bh_udisks_md_set_bitmap(u, a[0], a[1], f);
        if (g_str_equal(verb, "md-delete"))
                return bh_udisks_md_delete(u, a[0], f);
        if (g_str_equal(verb, "smart-update"))
                return bh_udisks_smart_update(u, a[0], false, g_strcmp0(a[1], "wake") == 0, f);
        if (g_str_equal(verb, "selftest"))
                return bh_udisks_smart_start_selftest(u, a[0], false, a[1], f);
        if (g_str_equal(verb, "abort-selftest"))
                return bh_udisks_smart_abort_selftest(u, a[0], false, f);
        if (g_str_equal(verb, "attributes"))
                return get_attributes(run, a[0]);
        if (g_str_equal(verb, "nvme-values"))
                return get_nvme_values(run, a[0]);
        if (g_str_equal(verb, "power"))
                return get_power_state(run, a[0]);
        if (g_str_equal(verb, "inventory"))
                return read_inventory(run);
        if (g_str_equal(verb, "wait"))
                return bh_udisks_wait(u, has_block, a[0], g_ascii_strtoll(a[1], NULL, 10) * BH_USEC_PER_MSEC);
        g_error("there is no verb %s", verb);
}

static gpointer run_verb(gpointer data) {
        Run *run = data;

        run->r = do_verb(run);
        g_assert_cmpint(write(run->fds[1], "x", 1), ==, 1);
        return NULL;
}

static int on_finished(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        return sd_event_exit(((Run *)userdata)->event, 0);
}

static int on_sigterm(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        bh_udisks_stop(((Run *)userdata)->udisks);
        return 0;
}

int main(int argc, char **argv) {
        __attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
        Run run = {.arguments = argv + 2};
        GThread *thread;
        sigset_t signals;

        g_assert_cmpint(argc, >=, 3);
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        g_assert_cmpint(sigprocmask(SIG_BLOCK, &signals, NULL), ==, 0);
        g_assert_cmpint(pipe(run.fds), ==, 0);
        g_assert_cmpint(sd_event_new(&run.event), >=, 0);
        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_address(bus, argv[1]), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(bus, 1), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        g_assert_cmpint(bh_udisks_new(&run.udisks, bus, run.event, argv[1], "/nonexistent/mdstat"), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(bus, run.event, 0), >=, 0);
        g_assert_cmpint(sd_event_add_io(run.event, &run.finished, run.fds[0], 1, on_finished, &run), >=, 0);
        g_assert_cmpint(sd_event_add_signal(run.event, NULL, SIGTERM, on_sigterm, &run), >=, 0);
        thread = g_thread_new("verb", run_verb, &run);
        g_assert_cmpint(sd_event_loop(run.event), >=, 0);
        g_thread_join(thread);
        printf("%d\t%s\n", run.r, run.r < 0 ? run.failure.message ?: "" : run.result ?: "");
        bh_failure_clear(&run.failure);
        g_free(run.result);
        bh_udisks_free(run.udisks);
        sd_event_source_disable_unref(run.finished);
        sd_bus_detach_event(bus);
        sd_event_unref(run.event);
        return EXIT_SUCCESS;
}
