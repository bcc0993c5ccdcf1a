/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "config.h"
#include "macro.h"

static int load(const char *text, BhConfig *config, char **message) {
        g_autofree char *path = NULL;
        g_autoptr(GError) error = NULL;
        int fd, r;

        fd = g_file_open_tmp("config-XXXXXX", &path, &error);
        g_assert_no_error(error);
        close(fd);
        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
        r = bh_config_load(config, path, message);
        g_unlink(path);
        return r;
}

static void assert_refused(const char *text, const char *section, const char *key) {
        _cleanup_(bh_config_clear) BhConfig config = {};
        g_autofree char *message = NULL;

        g_assert_cmpint(load(text, &config, &message), ==, -EINVAL);
        g_assert_nonnull(message);
        g_assert_nonnull(strstr(message, section));
        g_assert_nonnull(strstr(message, key));
        g_assert_null(config.state_directory);
}

static void empty_file_means_the_documented_defaults(void) {
        _cleanup_(bh_config_clear) BhConfig config = {};
        g_autofree char *message = NULL;

        g_assert_cmpint(load("", &config, &message), ==, 0);
        g_assert_null(message);
        g_assert_cmpstr(config.state_directory, ==, "/var/lib/baluhost");
        g_assert_cmpstr(config.storage_root, ==, "/srv/baluhost");
        g_assert_cmpuint(config.storage_quota, ==, 0);
        g_assert_cmpuint(config.trash_days, ==, 30);
        g_assert_cmpuint(config.access_lifetime, ==, 43200);
        g_assert_cmpuint(config.access_lifetime_with_refresh, ==, 900);
        g_assert_cmpuint(config.refresh_lifetime, ==, 2592000);
        g_assert_cmpuint(config.password_opslimit, ==, 2);
        g_assert_cmpuint(config.password_memlimit_kib, ==, 19456);
        g_assert_cmpuint(config.login_attempts_per_account, ==, 10);
        g_assert_false(config.registration);
        g_assert_false(config.development_mode);
}

static void values_of_the_file_win(void) {
        _cleanup_(bh_config_clear) BhConfig config = {};
        g_autofree char *message = NULL;

        g_assert_cmpint(load("[service]\nbridge-user=4711\ndevelopment-mode=yes\n[storage]\nroot=/tmp/x\nquota = 5G \n"
                             "[sessions]\nregistration=true\n",
                             &config, &message),
                        ==, 0);
        g_assert_cmpuint(config.bridge_uid, ==, 4711);
        g_assert_true(config.development_mode);
        g_assert_cmpstr(config.storage_root, ==, "/tmp/x");
        g_assert_cmpuint(config.storage_quota, ==, UINT64_C(5368709120));
        g_assert_true(config.registration);
}

static void bridge_user_may_be_a_name_and_may_be_missing(void) {
        _cleanup_(bh_config_clear) BhConfig named = {}, unknown = {}, none = {};
        g_autofree char *message = NULL;

        g_assert_cmpint(load("[service]\nbridge-user=root\n", &named, &message), ==, 0);
        g_assert_cmpuint(named.bridge_uid, ==, 0);
        g_assert_cmpint(load("[service]\nbridge-user=no-such-user\n", &unknown, &message), ==, 0);
        g_assert_cmpuint(unknown.bridge_uid, ==, BH_UID_NONE);
        g_assert_cmpint(load("[service]\nbridge-user=\n", &none, &message), ==, 0);
        g_assert_cmpuint(none.bridge_uid, ==, BH_UID_NONE);
}

static void bad_values_are_refused_by_section_and_key(void) {
        assert_refused("[service]\ndevelopment-mode=perhaps\n", "[service]", "development-mode");
        assert_refused("[service]\nworker-threads=0\n", "[service]", "worker-threads");
        assert_refused("[service]\nworker-threads=-1\n", "[service]", "worker-threads");
        assert_refused("[service]\nworker-threads=65\n", "[service]", "worker-threads");
        assert_refused("[service]\nstate-directory=relative\n", "[service]", "state-directory");
        assert_refused("[service]\nstate-directory=\n", "[service]", "state-directory");
        assert_refused("[storage]\nquota=lots\n", "[storage]", "quota");
        assert_refused("[storage]\nquota=99999999T\n", "[storage]", "quota");
        assert_refused("[storage]\nquota=T\n", "[storage]", "quota");
        assert_refused("[sessions]\naccess-lifetime=0\n", "[sessions]", "access-lifetime");
        assert_refused("[sessions]\naccess-lifetime=12 h\n", "[sessions]", "access-lifetime");
        assert_refused("[passwords]\nmemlimit-kib=7\n", "[passwords]", "memlimit-kib");
        assert_refused("[limits]\nwindow-seconds=\n", "[limits]", "window-seconds");
}

static void unknown_keys_are_only_warned_about(void) {
        _cleanup_(bh_config_clear) BhConfig config = {};
        g_autofree char *message = NULL;

        g_assert_cmpint(load("[service]\nworker-thread=3\n[future]\nx=1\n", &config, &message), ==, 0);
        g_assert_cmpuint(config.worker_threads, ==, 8);
}

static void a_file_that_was_named_must_exist_and_be_readable_as_one(void) {
        _cleanup_(bh_config_clear) BhConfig config = {};
        g_autofree char *message = NULL, *broken = NULL;

        g_assert_cmpint(bh_config_load(&config, "/nonexistent/baluhost.conf", &message), ==, -ENOENT);
        g_assert_nonnull(strstr(message, "/nonexistent/baluhost.conf"));
        g_assert_cmpint(load("not a key file", &config, &broken), ==, -EINVAL);
        g_assert_nonnull(broken);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config/defaults", empty_file_means_the_documented_defaults);
        g_test_add_func("/config/values", values_of_the_file_win);
        g_test_add_func("/config/bridge-user", bridge_user_may_be_a_name_and_may_be_missing);
        g_test_add_func("/config/bad-values", bad_values_are_refused_by_section_and_key);
        g_test_add_func("/config/unknown", unknown_keys_are_only_warned_about);
        g_test_add_func("/config/missing-file", a_file_that_was_named_must_exist_and_be_readable_as_one);
        return g_test_run();
}
