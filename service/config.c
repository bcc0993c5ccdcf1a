/* SPDX-License-Identifier: MIT */

#include "config.h"

#include <errno.h>
#include <glib.h>
#include <pwd.h>
#include <stddef.h>

#include "log.h"
#include "macro.h"

typedef enum KeyType {
        KEY_BOOLEAN,
        KEY_NUMBER,
        KEY_BYTES, /* a number that may end in K, M, G or T (of 1024) */
        KEY_PATH,  /* absolute */
        KEY_TEXT,
} KeyType;

typedef struct Key {
        const char *section, *name;
        KeyType type;
        size_t offset; /* in BhConfig */
        uint64_t minimum, maximum;
        const char *fallback; /* what it is when the file does not say, written as in the file */
} Key;

#define SECONDS_MAX UINT64_C(315360000) /* ten years */

static const Key keys[] = {
        {"service", "state-directory", KEY_PATH, offsetof(BhConfig, state_directory), 0, 0, "/var/lib/baluhost"},
        {"service", "bridge-user", KEY_TEXT, offsetof(BhConfig, bridge_user), 0, 0, "baluhost-web"},
        {"service", "development-mode", KEY_BOOLEAN, offsetof(BhConfig, development_mode), 0, 0, "false"},
        {"service", "worker-threads", KEY_NUMBER, offsetof(BhConfig, worker_threads), 1, 64, "8"},
        {"storage", "root", KEY_PATH, offsetof(BhConfig, storage_root), 0, 0, "/srv/baluhost"},
        {"storage", "quota", KEY_BYTES, offsetof(BhConfig, storage_quota), 0, INT64_MAX, "0"},
        {"storage", "trash-days", KEY_NUMBER, offsetof(BhConfig, trash_days), 0, 36500, "30"},
        {"storage", "pools-directory", KEY_PATH, offsetof(BhConfig, pools_directory), 0, 0, "/srv/baluhost-pools"},
        {"storage", "mdstat", KEY_PATH, offsetof(BhConfig, mdstat), 0, 0, "/proc/mdstat"},
        {"storage", "sysfs", KEY_PATH, offsetof(BhConfig, sysfs), 0, 0, "/sys"},
        {"storage", "smart-interval", KEY_NUMBER, offsetof(BhConfig, smart_interval), 1, 604800, "1800"},
        {"storage", "temperature-limit", KEY_NUMBER, offsetof(BhConfig, temperature_limit), 20, 120, "55"},
        {"storage", "temperature-limit-solid-state", KEY_NUMBER, offsetof(BhConfig, temperature_limit_solid), 20, 120,
         "70"},
        {"sessions", "access-lifetime", KEY_NUMBER, offsetof(BhConfig, access_lifetime), 1, SECONDS_MAX, "43200"},
        {"sessions", "access-lifetime-with-refresh", KEY_NUMBER, offsetof(BhConfig, access_lifetime_with_refresh), 1,
         SECONDS_MAX, "900"},
        {"sessions", "refresh-lifetime", KEY_NUMBER, offsetof(BhConfig, refresh_lifetime), 1, SECONDS_MAX, "2592000"},
        {"sessions", "registration", KEY_BOOLEAN, offsetof(BhConfig, registration), 0, 0, "false"},
        /* The least that libsodium accepts is one pass and 8 KiB; the most is bounded so that two hashes fit into the memory of the service. */
        {"passwords", "opslimit", KEY_NUMBER, offsetof(BhConfig, password_opslimit), 1, 64, "2"},
        {"passwords", "memlimit-kib", KEY_NUMBER, offsetof(BhConfig, password_memlimit_kib), 8, 1048576, "19456"},
        {"notifications", "retry", KEY_NUMBER, offsetof(BhConfig, notification_retry), 1, 3600, "30"},
        {"notifications", "give-up", KEY_NUMBER, offsetof(BhConfig, notification_give_up), 1, 604800, "86400"},
        {"notifications", "timeout", KEY_NUMBER, offsetof(BhConfig, notification_timeout), 1, 120, "30"},
        {"notifications", "keep-days", KEY_NUMBER, offsetof(BhConfig, notification_keep_days), 1, 3650, "30"},
        {"limits", "login-attempts-per-account", KEY_NUMBER, offsetof(BhConfig, login_attempts_per_account), 1, 1000000,
         "10"},
        {"limits", "login-attempts-per-address", KEY_NUMBER, offsetof(BhConfig, login_attempts_per_address), 1, 1000000,
         "50"},
        {"limits", "window-seconds", KEY_NUMBER, offsetof(BhConfig, login_window), 1, 86400, "300"},
};

static bool parse_boolean(const char *text, bool *ret) {
        if (g_str_equal(text, "true") || g_str_equal(text, "yes") || g_str_equal(text, "1"))
                *ret = true;
        else if (g_str_equal(text, "false") || g_str_equal(text, "no") || g_str_equal(text, "0"))
                *ret = false;
        else
                return false;
        return true;
}

static bool parse_number(const Key *key, const char *text, uint64_t *ret) {
        static const char suffixes[] = "KMGT";
        g_autofree char *digits = g_strdup(text);
        size_t length = strlen(digits);
        unsigned shift = 0;
        guint64 value;

        if (key->type == KEY_BYTES && length > 1 && strchr(suffixes, digits[length - 1])) {
                shift = 10 * (unsigned)(strchr(suffixes, digits[length - 1]) - suffixes + 1);
                digits[length - 1] = '\0';
        }
        if (!g_ascii_string_to_unsigned(digits, 10, 0, key->maximum >> shift, &value, NULL))
                return false;
        if (value << shift < key->minimum)
                return false;
        *ret = value << shift;
        return true;
}

static bool key_set(BhConfig *config, const Key *key, const char *text) {
        void *field = (char *)config + key->offset;

        switch (key->type) {
        case KEY_BOOLEAN:
                return parse_boolean(text, field);
        case KEY_NUMBER:
        case KEY_BYTES:
                return parse_number(key, text, field);
        case KEY_PATH:
                if (!g_path_is_absolute(text))
                        return false;
                break;
        case KEY_TEXT:
                break;
        }
        g_free(*(char **)field);
        *(char **)field = g_strdup(text);
        return true;
}

static char *key_expects(const Key *key) {
        switch (key->type) {
        case KEY_BOOLEAN:
                return g_strdup("true or false");
        case KEY_NUMBER:
                return g_strdup_printf("a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, key->minimum,
                                       key->maximum);
        case KEY_BYTES:
                return g_strdup("a number of bytes, such as 5368709120 or 5G");
        case KEY_PATH:
                return g_strdup("an absolute path");
        default:
                return g_strdup("text");
        }
}

static const Key *key_find(const char *section, const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
                if (g_str_equal(keys[i].section, section) && (!name || g_str_equal(keys[i].name, name)))
                        return &keys[i];
        return NULL;
}

/* A misspelt key must not go unnoticed, but a file of a newer version must not keep the NAS from starting. */
static void warn_of_unknown(GKeyFile *file, const char *path) {
        g_auto(GStrv) sections = g_key_file_get_groups(file, NULL);

        for (char **section = sections; *section; section++) {
                g_auto(GStrv) names = g_key_file_get_keys(file, *section, NULL, NULL);

                if (!key_find(*section, NULL)) {
                        bh_log_warning("%s: section [%s] is not known, ignoring it", path, *section);
                        continue;
                }
                for (char **name = names; name && *name; name++)
                        if (!key_find(*section, *name))
                                bh_log_warning("%s: key %s in section [%s] is not known, ignoring it", path, *name,
                                               *section);
        }
}

static int read_keys(BhConfig *config, GKeyFile *file, const char *path, char **message) {
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                g_autofree char *text = NULL, *expects = NULL;
                g_autoptr(GError) error = NULL;

                text = g_key_file_get_string(file, keys[i].section, keys[i].name, &error);
                if (!text && !g_error_matches(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND) &&
                    !g_error_matches(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND)) {
                        *message = g_strdup_printf("%s: %s in section [%s]: %s", path, keys[i].name, keys[i].section,
                                                   error->message);
                        return -EINVAL;
                }
                if (!text)
                        continue;
                g_strstrip(text);
                if (key_set(config, &keys[i], text))
                        continue;
                expects = key_expects(&keys[i]);
                *message = g_strdup_printf("%s: %s in section [%s] is “%s”, must be %s", path, keys[i].name,
                                           keys[i].section, text, expects);
                return -EINVAL;
        }
        return 0;
}

static int load_file(BhConfig *config, const char *path, char **message) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(GError) error = NULL;

        if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error)) {
                *message = g_strdup_printf("%s: %s", path, error->message);
                if (error->domain == G_FILE_ERROR && error->code == G_FILE_ERROR_NOENT)
                        return -ENOENT;
                if (error->domain == G_FILE_ERROR && error->code == G_FILE_ERROR_ACCES)
                        return -EACCES;
                return -EINVAL;
        }
        warn_of_unknown(file, path);
        return read_keys(config, file, path, message);
}

static void resolve_bridge(BhConfig *config) {
        struct passwd *passwd;
        guint64 number;

        config->bridge_uid = BH_UID_NONE;
        if (config->bridge_user[0] == '\0')
                return;
        if (g_ascii_string_to_unsigned(config->bridge_user, 10, 0, UINT32_MAX - 1, &number, NULL)) {
                config->bridge_uid = (uid_t)number;
                return;
        }
        passwd = getpwnam(config->bridge_user);
        if (passwd)
                config->bridge_uid = passwd->pw_uid;
        else
                bh_log_notice("There is no user “%s”: no web bridge will be believed", config->bridge_user);
}

int bh_config_load(BhConfig *config, const char *path, char **message) {
        int r;

        *config = (BhConfig){};
        *message = NULL;
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
                g_assert_true(key_set(config, &keys[i], keys[i].fallback));

        r = load_file(config, path ?: BH_CONFIG_PATH, message);
        if (r == -ENOENT && !path) {
                g_clear_pointer(message, g_free);
                r = 0;
        }
        if (r < 0) {
                bh_config_clear(config);
                return r;
        }
        resolve_bridge(config);
        return 0;
}

void bh_config_clear(BhConfig *config) {
        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
                if (keys[i].type == KEY_PATH || keys[i].type == KEY_TEXT)
                        g_free(*(char **)((char *)config + keys[i].offset));
        *config = (BhConfig){};
}
