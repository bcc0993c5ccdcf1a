/* SPDX-License-Identifier: MIT */

#include "notification-check.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "macro.h"

#define ADDRESS_MAX 254
#define HOST_MAX 253
#define TOPIC_MAX 64

bool bh_channel_is_line(const char *text, size_t max) {
        size_t length = strlen(text);

        if (length == 0 || length > max || !g_utf8_validate(text, (gssize)length, NULL))
                return false;
        for (const char *p = text; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
                        return false;
        }
        return true;
}

/* Printable ASCII but the space. */
static bool is_word(const char *text, size_t max) {
        size_t length = strlen(text);

        for (size_t i = 0; i < length; i++)
                if (!g_ascii_isgraph(text[i]))
                        return false;
        return length > 0 && length <= max;
}

/* One mailbox as SMTP takes it, without what would end it or begin another. */
static bool is_address(const char *text) {
        const char *at = strchr(text, '@');

        return is_word(text, ADDRESS_MAX) && at && at > text && at[1] && !strchr(at + 1, '@') &&
               !strpbrk(text, "<>()[],;:\\\"");
}

static bool is_host(const char *text) {
        return is_word(text, HOST_MAX) &&
               strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") == strlen(text);
}

static bool is_this_machine(const char *host) {
        return g_ascii_strcasecmp(host, "localhost") == 0 || g_str_equal(host, "::1") || g_str_equal(host, "[::1]") ||
               (g_str_has_prefix(host, "127.") && g_hostname_is_ip_address(host));
}

static const char *secret_name(BhChannelKind kind) {
        static const char *const names[BH_CHANNEL_KINDS] = {"password", "secret", "token", ""};

        return names[kind];
}

int bh_notification_check_given(BhChannelKind kind, const BhChannelSettings *given, BhFailure *failure) {
        const bool is_email = kind == BH_CHANNEL_EMAIL, is_push = kind == BH_CHANNEL_PUSH,
                   is_http = is_push || kind == BH_CHANNEL_WEBHOOK;
        const struct {
                const char *name;
                bool is_given, is_known;
        } rows[] = {
                {"server", given->server != NULL, is_email},
                {"port", given->is_port_given, is_email},
                {"security", given->security != NULL, is_email},
                {"username", given->username != NULL, is_email},
                {"from", given->sender != NULL, is_email},
                {"to", given->recipients != NULL, is_email},
                {"url", given->url != NULL, is_http},
                {"topic", given->topic != NULL, is_push},
                {"ca_file", given->ca_file != NULL, kind != BH_CHANNEL_DESKTOP},
                {"password", given->password != NULL, is_email},
                {"secret", given->secret != NULL, kind == BH_CHANNEL_WEBHOOK},
                {"token", given->token != NULL, is_push},
        };
        const char *secret = given->password ?: given->secret ?: given->token;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                if (rows[i].is_given && !rows[i].is_known)
                        return bh_failure_set(failure, -EINVAL, NULL, "A channel of the kind %s has no setting “%s”",
                                              bh_channel_kind_to_string(kind), rows[i].name);
        if (secret && *secret && !bh_channel_is_line(secret, 512))
                return bh_failure_set(failure, -EINVAL, NULL, "“%s” must be one line of at most 512 bytes",
                                      secret_name(kind));
        if (given->token && *given->token && !is_word(given->token, 512))
                return bh_failure_set(failure, -EINVAL, NULL, "“token” must be of printable ASCII characters");
        return 0;
}

static int check_email(const BhChannel *channel, BhFailure *failure) {
        const BhChannelSettings *settings = &channel->settings;
        const char *security = settings->security ?: "";
        size_t n = settings->recipients ? g_strv_length(settings->recipients) : 0;

        if (!settings->server || !is_host(settings->server))
                return bh_failure_set(failure, -EINVAL, NULL, "“server” must be the name or address of a mail server");
        if (settings->port < 1 || settings->port > 65535)
                return bh_failure_set(failure, -EINVAL, NULL, "“port” must be from 1 to 65535");
        if (!g_str_equal(security, "starttls") && !g_str_equal(security, "tls") && !g_str_equal(security, "none"))
                return bh_failure_set(failure, -EINVAL, NULL, "“security” must be starttls, tls or none");
        if (!settings->sender || !is_address(settings->sender))
                return bh_failure_set(failure, -EINVAL, NULL, "“from” must be an e-mail address");
        if (n < 1 || n > BH_CHANNEL_RECIPIENTS_MAX)
                return bh_failure_set(failure, -EINVAL, NULL, "“to” must have from 1 to %d e-mail addresses",
                                      BH_CHANNEL_RECIPIENTS_MAX);
        for (size_t i = 0; i < n; i++)
                if (!is_address(settings->recipients[i]))
                        return bh_failure_set(failure, -EINVAL, NULL, "“to” must have e-mail addresses only");
        if (settings->username && !bh_channel_is_line(settings->username, 256))
                return bh_failure_set(failure, -EINVAL, NULL, "“username” must be one line of at most 256 bytes");
        if (channel->sealed && !settings->username)
                return bh_failure_set(failure, -EINVAL, NULL, "“password” takes a “username”");
        if (channel->sealed && g_str_equal(security, "none") && !is_this_machine(settings->server))
                return bh_failure_set(failure, -EINVAL, NULL,
                                      "“security” must be starttls or tls: a password is only sent encrypted");
        return 0;
}

static void curl_free_string(char **text) {
        curl_free(*text);
}

static int check_url(const BhChannel *channel, BhFailure *failure) {
        __attribute__((cleanup(curl_free_string))) char *scheme = NULL, *host = NULL, *user = NULL;
        const char *text = channel->settings.url;
        CURLU *url = curl_url();
        bool is_good;

        is_good = text && is_word(text, BH_CHANNEL_SETTING_MAX) &&
                  curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                  curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                  curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host &&
                  (g_str_equal(scheme, "http") || g_str_equal(scheme, "https"));
        (void)curl_url_get(url, CURLUPART_USER, &user, 0);
        curl_url_cleanup(url);
        if (!is_good)
                return bh_failure_set(failure, -EINVAL, NULL, "“url” must be a URL with http:// or https://");
        if (user)
                return bh_failure_set(failure, -EINVAL, NULL, "“url” must not have a user name or password in it");
        if (channel->kind == BH_CHANNEL_PUSH && channel->sealed && !g_str_equal(scheme, "https") &&
            !is_this_machine(host))
                return bh_failure_set(failure, -EINVAL, NULL,
                                      "“url” must begin with https://: a token is only sent encrypted");
        return 0;
}

static bool is_topic(const char *text) {
        return strlen(text) > 0 && strlen(text) <= TOPIC_MAX &&
               strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(text);
}

int bh_notification_check_channel(const BhChannel *channel, BhFailure *failure) {
        const BhChannelSettings *settings = &channel->settings;

        if (!bh_channel_is_line(channel->name, BH_CHANNEL_NAME_MAX))
                return bh_failure_set(failure, -EINVAL, NULL, "“name” must be one line of 1 to %d bytes",
                                      BH_CHANNEL_NAME_MAX);
        if (settings->ca_file &&
            (!bh_channel_is_line(settings->ca_file, BH_CHANNEL_SETTING_MAX) || !g_path_is_absolute(settings->ca_file)))
                return bh_failure_set(failure, -EINVAL, NULL, "“ca_file” must be an absolute path");
        if (channel->kind == BH_CHANNEL_PUSH && (!settings->topic || !is_topic(settings->topic)))
                return bh_failure_set(failure, -EINVAL, NULL, "“topic” must be of 1 to %d letters, digits, “_” and “-”",
                                      TOPIC_MAX);
        if (channel->kind == BH_CHANNEL_EMAIL)
                return check_email(channel, failure);
        return channel->kind == BH_CHANNEL_DESKTOP ? 0 : check_url(channel, failure);
}
