/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <gio/gio.h>

#define GROUP "web"

static const struct {
        const char *key;
        gsize offset;
        guint fallback, least, most;
} numbers[] = {
        {"port", G_STRUCT_OFFSET(BhConfig, port), 8080, 0, 65535},
        {"max-connections", G_STRUCT_OFFSET(BhConfig, max_connections), 512, 1, 100000},
        {"max-connections-per-client", G_STRUCT_OFFSET(BhConfig, max_per_client), 64, 1, 100000},
        {"header-timeout", G_STRUCT_OFFSET(BhConfig, header_timeout), 10, 1, 3600},
        {"body-timeout", G_STRUCT_OFFSET(BhConfig, body_timeout), 30, 1, 3600},
        {"keep-alive-timeout", G_STRUCT_OFFSET(BhConfig, keep_alive_timeout), 60, 1, 3600},
        {"events-heartbeat", G_STRUCT_OFFSET(BhConfig, events_heartbeat), 25, 1, 3600},
};

static const struct {
        const char *key;
        gsize offset;
        const char *fallback;
} strings[] = {
        {"listen", G_STRUCT_OFFSET(BhConfig, listen), "127.0.0.1"},
        {"tls-certificate", G_STRUCT_OFFSET(BhConfig, tls_certificate), NULL},
        {"tls-key", G_STRUCT_OFFSET(BhConfig, tls_key), NULL},
};

static const struct {
        const char *key;
        gsize offset;
} lists[] = {
        {"trusted-proxies", G_STRUCT_OFFSET(BhConfig, trusted_proxies)},
        {"cors-origins", G_STRUCT_OFFSET(BhConfig, cors_origins)},
};

static gboolean key_is_known(const char *key) {
        for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
                if (g_str_equal(key, numbers[i].key))
                        return TRUE;
        for (guint i = 0; i < G_N_ELEMENTS(strings); i++)
                if (g_str_equal(key, strings[i].key))
                        return TRUE;
        for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
                if (g_str_equal(key, lists[i].key))
                        return TRUE;
        return FALSE;
}

static gboolean check_keys(GKeyFile *file, GError **error) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, NULL);

        for (char **key = keys; key && *key; key++)
                if (!key_is_known(*key)) {
                        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND, "[%s] has no key “%s”",
                                    GROUP, *key);
                        return FALSE;
                }
        return TRUE;
}

static gboolean read_numbers(GKeyFile *file, BhConfig *config, GError **error) {
        for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
                guint *value = G_STRUCT_MEMBER_P(config, numbers[i].offset);
                g_autofree char *text = g_key_file_get_string(file, GROUP, numbers[i].key, NULL);
                guint64 number = numbers[i].fallback;

                if (text && !g_ascii_string_to_unsigned(g_strstrip(text), 10, numbers[i].least, numbers[i].most,
                                                        &number, error)) {
                        g_prefix_error(error, "[%s] %s: ", GROUP, numbers[i].key);
                        return FALSE;
                }
                *value = number;
        }
        return TRUE;
}

static void read_strings(GKeyFile *file, BhConfig *config) {
        for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
                char **value = G_STRUCT_MEMBER_P(config, strings[i].offset);
                g_autofree char *text = g_key_file_get_string(file, GROUP, strings[i].key, NULL);

                *value = text && *text ? g_steal_pointer(&text) : g_strdup(strings[i].fallback);
        }
}

static gboolean read_lists(GKeyFile *file, BhConfig *config, GError **error) {
        for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
                char ***value = G_STRUCT_MEMBER_P(config, lists[i].offset);

                *value = g_key_file_get_string_list(file, GROUP, lists[i].key, NULL, NULL);
                if (!*value)
                        *value = g_new0(char *, 1);
        }
        for (char **proxy = config->trusted_proxies; *proxy; proxy++) {
                g_autoptr(GInetAddressMask) mask = g_inet_address_mask_new_from_string(*proxy, error);

                if (!mask) {
                        g_prefix_error(error, "[%s] trusted-proxies: ", GROUP);
                        return FALSE;
                }
        }
        return TRUE;
}

BhConfig *bh_config_load(const char *path, GError **error) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(BhConfig) config = g_new0(BhConfig, 1);

        if (path && !g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error)) {
                g_prefix_error(error, "%s: ", path);
                return NULL;
        }
        g_key_file_set_list_separator(file, ';');
        if (!check_keys(file, error) || !read_numbers(file, config, error) || !read_lists(file, config, error))
                return NULL;
        read_strings(file, config);
        if (!config->tls_certificate != !config->tls_key) {
                g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                            "[%s] tls-certificate and tls-key belong together", GROUP);
                return NULL;
        }
        return g_steal_pointer(&config);
}

void bh_config_free(BhConfig *config) {
        g_free(config->listen);
        g_free(config->tls_certificate);
        g_free(config->tls_key);
        g_strfreev(config->trusted_proxies);
        g_strfreev(config->cors_origins);
        g_free(config);
}
