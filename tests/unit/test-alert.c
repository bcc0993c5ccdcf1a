/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "account-fixture.h"
#include "alert.h"
#include "macro.h"

#define DISK "/org/baluhost/NAS1/disks/wd_1"
#define POOL "/org/baluhost/NAS1/pools/1"

typedef struct Fixture {
        AccountFixture accounts;
        BhAlerts *alerts;
        GString *heard; /* of the listener */
} Fixture;

static void listen(const BhAlert *alert, BhAlertEvent event, void *userdata) {
        static const char *const names[] = {"raised", "changed", "resolved"};

        g_string_append_printf(userdata, "%s %s %s;", bh_alert_kind_to_string(alert->kind), names[event], alert->text);
}

static void load(Fixture *f) {
        g_assert_cmpint(bh_alerts_load(&f->alerts, f->accounts.database), ==, 0);
        bh_alerts_set_listener(f->alerts, listen, f->heard);
}

static void set_up(Fixture *f, gconstpointer data) {
        account_fixture_set_up(&f->accounts, NULL);
        f->heard = g_string_new(NULL);
        load(f);
}

static void tear_down(Fixture *f, gconstpointer data) {
        bh_alerts_free(f->alerts);
        account_fixture_tear_down(&f->accounts, NULL);
        g_string_free(f->heard, TRUE);
}

static void restart(Fixture *f) {
        bh_alerts_free(f->alerts);
        account_fixture_restart(&f->accounts);
        load(f);
}

static void raise_alert(Fixture *f, BhAlertKind kind, const char *subject, BhSeverity severity, const char *text) {
        bh_alerts_raise(f->alerts, &(BhFinding){kind, subject, severity, "Title", text});
}

static void assert_heard(Fixture *f, const char *what) {
        g_assert_cmpstr(f->heard->str, ==, what);
        g_string_truncate(f->heard, 0);
}

static size_t count(Fixture *f, bool all) {
        size_t n;

        g_free(bh_alerts_list(f->alerts, all, 1000, &n));
        return n;
}

static int acknowledge(Fixture *f, const char *username, uint64_t id) {
        BhCaller caller = {.role = BH_ROLE_ADMIN, .username = (char *)username};
        BhAcknowledgement acknowledgement;
        int r;

        r = bh_alerts_acknowledge_begin(f->alerts, id, &acknowledgement);
        if (r >= 0)
                r = bh_alerts_acknowledge_write(f->alerts, &caller, &acknowledgement);
        if (r >= 0)
                bh_alerts_acknowledge_end(f->alerts, &caller, &acknowledgement);
        return r;
}

static void every_kind_has_a_name_and_a_message_id_of_its_own(void) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        BhAlertKind found;

        g_hash_table_add(seen, (char *)BH_ALERT_RESOLVED_MESSAGE_ID);
        for (BhAlertKind kind = 0; kind < BH_ALERT_KINDS; kind++) {
                g_assert_true(bh_alert_kind_from_string(bh_alert_kind_to_string(kind), &found));
                g_assert_cmpint(found, ==, kind);
                g_assert_cmpuint(strlen(bh_alert_kind_message_id(kind)), ==, 32);
                g_assert_true(g_hash_table_add(seen, (char *)bh_alert_kind_message_id(kind)));
        }
        g_assert_false(bh_alert_kind_from_string("no-such-kind", &found));
}

static void alert_that_is_raised_again_is_the_same_alert(Fixture *f, gconstpointer data) {
        const BhAlert *alert;

        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, "a");
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, "a");
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, "b");
        assert_heard(f, "too-hot raised a;too-hot changed b;");
        alert = bh_alerts_find(f->alerts, BH_ALERT_TOO_HOT, DISK);
        g_assert_cmpstr(alert->text, ==, "b");
        g_assert_cmpuint(alert->count, ==, 2);
        raise_alert(f, BH_ALERT_TOO_HOT, POOL, BH_SEVERITY_WARNING, "of another");
        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_WARNING, "of another kind");
        g_assert_cmpuint(count(f, false), ==, 3);
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-raise", false), ==, 3);
}

static void alert_that_becomes_critical_is_raised_anew_and_needs_to_be_acknowledged_again(Fixture *f,
                                                                                          gconstpointer data) {
        const BhAlert *alert;

        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_WARNING, "90 %");
        alert = bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL);
        g_assert_cmpint(acknowledge(f, "anna", alert->id), ==, 0);
        g_assert_cmpstr(alert->acknowledged_by, ==, "anna");
        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_WARNING, "91 %");
        g_assert_cmpint(alert->acknowledged_usec, >, 0);
        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_CRITICAL, "95 %");
        assert_heard(f, "pool-full raised 90 %;pool-full changed 90 %;pool-full changed 91 %;pool-full raised 95 %;");
        g_assert_cmpint(alert->acknowledged_usec, ==, 0);
        g_assert_null(alert->acknowledged_by);
        restart(f);
        alert = bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL);
        g_assert_cmpint(alert->acknowledged_usec, ==, 0);
        g_assert_cmpint(acknowledge(f, "berta", alert->id), ==, 0);
        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_WARNING, "92 %");
        g_assert_cmpstr(alert->acknowledged_by, ==, "berta"); /* better news need nobody */
        restart(f);
        alert = bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL);
        g_assert_cmpstr(alert->acknowledged_by, ==, "berta");
        g_assert_cmpint(alert->severity, ==, BH_SEVERITY_WARNING);
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-raise", false), ==, 2);
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-ease", false), ==, 1);
}

static void active_alerts_survive_a_restart_and_resolved_ones_are_history(Fixture *f, gconstpointer data) {
        g_autofree const BhAlert **list = NULL;
        uint64_t id;
        size_t n;

        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, "hot");
        raise_alert(f, BH_ALERT_SMART_FAILING, DISK, BH_SEVERITY_CRITICAL, "dying");
        id = bh_alerts_find(f->alerts, BH_ALERT_SMART_FAILING, DISK)->id;
        g_assert_cmpint(acknowledge(f, "anna", id), ==, 0);
        bh_alerts_resolve(f->alerts, BH_ALERT_TOO_HOT, DISK, "It has cooled down");
        restart(f);
        assert_heard(f,
                     "too-hot raised hot;smart-failing raised dying;smart-failing changed dying;too-hot resolved hot;");
        g_assert_cmpuint(count(f, false), ==, 1);
        list = bh_alerts_list(f->alerts, true, 10, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpuint(list[0]->id, ==, id);
        g_assert_cmpstr(list[0]->subject, ==, DISK);
        g_assert_cmpstr(list[0]->acknowledged_by, ==, "anna");
        g_assert_cmpint(list[0]->resolved_usec, ==, 0);
        g_assert_cmpint(list[1]->resolved_usec, >=, list[1]->raised_usec);
        g_assert_true(bh_alerts_get(f->alerts, id) == list[0]);
        g_assert_null(bh_alerts_get(f->alerts, list[1]->id));
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING,
                    "hot again"); /* one that is over does not come back */
        g_assert_cmpuint(bh_alerts_find(f->alerts, BH_ALERT_TOO_HOT, DISK)->id, >, id);
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-resolve", false), ==, 1);
}

static void resolving_what_is_not_active_does_nothing(Fixture *f, gconstpointer data) {
        bh_alerts_resolve(f->alerts, BH_ALERT_TOO_HOT, DISK, NULL);
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, "hot");
        bh_alerts_resolve(f->alerts, BH_ALERT_TOO_HOT, POOL, NULL);
        bh_alerts_resolve(f->alerts, BH_ALERT_SMART_WORSE, DISK, NULL);
        assert_heard(f, "too-hot raised hot;");
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-resolve", false), ==, 0);
}

static void acknowledging_twice_keeps_who_was_first(Fixture *f, gconstpointer data) {
        const BhAlert *alert;

        g_assert_cmpint(acknowledge(f, "anna", 1), ==, -ENOENT);
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, "hot");
        alert = bh_alerts_find(f->alerts, BH_ALERT_TOO_HOT, DISK);
        g_assert_cmpint(acknowledge(f, "anna", alert->id), ==, 0);
        g_assert_cmpint(acknowledge(f, "berta", alert->id), ==, 0);
        g_assert_cmpstr(alert->acknowledged_by, ==, "anna");
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-acknowledge", false), ==, 1);
}

/* Somebody saw a warning; what they acknowledge must not be what it has become since. */
static void acknowledgement_of_what_has_changed_meanwhile_does_not_count(Fixture *f, gconstpointer data) {
        BhCaller caller = {.role = BH_ROLE_ADMIN, .username = (char *)"anna"};
        BhAcknowledgement acknowledgement;
        const BhAlert *alert;

        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_WARNING, "90 %");
        alert = bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL);
        g_assert_cmpint(bh_alerts_acknowledge_begin(f->alerts, alert->id, &acknowledgement), ==, 0);
        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_CRITICAL, "95 %");
        g_assert_cmpint(bh_alerts_acknowledge_write(f->alerts, &caller, &acknowledgement), ==, -ESTALE);
        g_assert_cmpint(alert->acknowledged_usec, ==, 0);

        g_assert_cmpint(bh_alerts_acknowledge_begin(f->alerts, alert->id, &acknowledgement), ==, 0);
        bh_alerts_resolve(f->alerts, BH_ALERT_POOL_FULL, POOL, NULL);
        g_assert_cmpint(bh_alerts_acknowledge_write(f->alerts, &caller, &acknowledgement), ==, -ESTALE);
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-acknowledge", true), ==, 2);
        g_assert_cmpint(account_fixture_audits(&f->accounts, "alert-acknowledge", false), ==, 0);
}

/* The other order: it became critical after the acknowledgement was written and before the event loop heard of it. */
static void acknowledgement_that_was_overtaken_is_forgotten(Fixture *f, gconstpointer data) {
        BhCaller caller = {.role = BH_ROLE_ADMIN, .username = (char *)"anna"};
        BhAcknowledgement acknowledgement;

        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_WARNING, "90 %");
        g_assert_cmpint(bh_alerts_acknowledge_begin(f->alerts, bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL)->id,
                                                    &acknowledgement),
                        ==, 0);
        g_assert_cmpint(bh_alerts_acknowledge_write(f->alerts, &caller, &acknowledgement), ==, 0);
        raise_alert(f, BH_ALERT_POOL_FULL, POOL, BH_SEVERITY_CRITICAL, "95 %");
        bh_alerts_acknowledge_end(f->alerts, &caller, &acknowledgement);
        g_assert_cmpint(bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL)->acknowledged_usec, ==, 0);
        restart(f);
        g_assert_cmpint(bh_alerts_find(f->alerts, BH_ALERT_POOL_FULL, POOL)->acknowledged_usec, ==, 0);
}

static void there_is_an_end_to_alerts_and_to_their_history(Fixture *f, gconstpointer data) {
        g_autofree const BhAlert **list = NULL;
        size_t n;

        for (unsigned i = 0; i < BH_ALERTS_ACTIVE_MAX + 10; i++) {
                g_autofree char *subject = g_strdup_printf("/org/baluhost/NAS1/disks/%u", i);

                raise_alert(f, BH_ALERT_TOO_HOT, subject, BH_SEVERITY_WARNING, "hot");
        }
        g_assert_cmpuint(count(f, false), ==, BH_ALERTS_ACTIVE_MAX);
        for (unsigned i = 0; i < BH_ALERTS_HISTORY_MAX + 10; i++) {
                raise_alert(f, BH_ALERT_TOO_HOT, "/org/baluhost/NAS1/disks/0", BH_SEVERITY_WARNING, "hot");
                bh_alerts_resolve(f->alerts, BH_ALERT_TOO_HOT, "/org/baluhost/NAS1/disks/0", NULL);
        }
        g_assert_cmpuint(count(f, true), ==, BH_ALERTS_ACTIVE_MAX - 1 + BH_ALERTS_HISTORY_MAX);
        restart(f);
        g_assert_cmpuint(count(f, true), ==, BH_ALERTS_ACTIVE_MAX - 1 + BH_ALERTS_HISTORY_MAX);
        list = bh_alerts_list(f->alerts, true, 500, &n);
        g_assert_cmpuint(n, ==, 500);
        g_assert_cmpuint(list[0]->id, ==, list[1]->id + 1);
}

static void long_words_are_cut_between_characters(Fixture *f, gconstpointer data) {
        g_autoptr(GString) text = g_string_new("x");

        for (unsigned i = 0; i < BH_ALERT_TEXT_MAX; i++)
                g_string_append(text, "ö");
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, text->str);
        const BhAlert *alert = bh_alerts_find(f->alerts, BH_ALERT_TOO_HOT, DISK);
        g_assert_cmpuint(strlen(alert->text), ==, BH_ALERT_TEXT_MAX - 1);
        g_assert_true(g_utf8_validate(alert->text, -1, NULL));
        raise_alert(f, BH_ALERT_TOO_HOT, DISK, BH_SEVERITY_WARNING, text->str); /* is still the same */
        g_assert_cmpuint(alert->count, ==, 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/alert/every_kind_has_a_name_and_a_message_id_of_its_own",
                        every_kind_has_a_name_and_a_message_id_of_its_own);
#define ADD(function) g_test_add("/alert/" #function, Fixture, NULL, set_up, function, tear_down)
        ADD(alert_that_is_raised_again_is_the_same_alert);
        ADD(alert_that_becomes_critical_is_raised_anew_and_needs_to_be_acknowledged_again);
        ADD(active_alerts_survive_a_restart_and_resolved_ones_are_history);
        ADD(resolving_what_is_not_active_does_nothing);
        ADD(acknowledging_twice_keeps_who_was_first);
        ADD(acknowledgement_of_what_has_changed_meanwhile_does_not_count);
        ADD(acknowledgement_that_was_overtaken_is_forgotten);
        ADD(there_is_an_end_to_alerts_and_to_their_history);
        ADD(long_words_are_cut_between_characters);
        return g_test_run();
}
