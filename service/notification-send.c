/* SPDX-License-Identifier: MIT */

#include "notification-send.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <sodium.h>
#include <string.h>

#include "macro.h"

/* Of an answer, headers and all: what comes after is not read. */
#define ANSWER_MAX (64 * 1024)

typedef struct Transfer {
        const BhSending *sending;
        CURL *curl;
        struct curl_slist *headers, *recipients;
        curl_mime *mime;
        size_t n_answered;
} Transfer;

int bh_send_init(void) {
        return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -EIO;
}

/* Text -------------------------------------------------------------------------------------------------------------------------------------------------- */

char *bh_send_sign(const char *secret, int64_t time_sec, const char *body) {
        g_autofree char *signed_text = g_strdup_printf("%" PRIi64 ".%s", time_sec, body);
        unsigned char mac[crypto_auth_hmacsha256_BYTES];
        crypto_auth_hmacsha256_state state;
        char hex[sizeof mac * 2 + 1];

        crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)signed_text, strlen(signed_text));
        crypto_auth_hmacsha256_final(&state, mac);
        sodium_memzero(&state, sizeof state);
        return g_strdup(sodium_bin2hex(hex, sizeof hex, mac, sizeof mac));
}

/* Bytes in an encoded word at most, so that it is not longer than the 75 characters of RFC 2047. */
#define WORD_MAX 45

char *bh_send_encode_header(const char *text) {
        g_autoptr(GString) encoded = g_string_new(NULL);

        if (g_str_is_ascii(text) && !strstr(text, "=?"))
                return g_strdup(text);
        while (*text) {
                const char *end = text;
                g_autofree char *base64 = NULL;

                while (*end && (size_t)(g_utf8_next_char(end) - text) <= WORD_MAX)
                        end = g_utf8_next_char(end);
                base64 = g_base64_encode((const guchar *)text, (gsize)(end - text));
                g_string_append_printf(encoded, "%s=?UTF-8?B?%s?=", encoded->len > 0 ? " " : "", base64);
                text = end;
        }
        return g_string_free(g_steal_pointer(&encoded), FALSE);
}

static void add_member(JsonBuilder *builder, const char *name, const char *value) {
        json_builder_set_member_name(builder, name);
        json_builder_add_string_value(builder, value);
}

static char *to_json(JsonBuilder *builder) {
        g_autoptr(JsonNode) root = NULL;

        json_builder_end_object(builder);
        root = json_builder_get_root(builder);
        return json_to_string(root, FALSE);
}

static char *webhook_body(const BhSending *sending) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        const BhDelivery *delivery = sending->delivery;

        json_builder_begin_object(builder);
        add_member(builder, "id", delivery->message_id);
        json_builder_set_member_name(builder, "time_usec");
        json_builder_add_int_value(builder, delivery->time_usec);
        add_member(builder, "kind", delivery->kind);
        add_member(builder, "severity", bh_notification_severity_to_string(delivery->severity));
        add_member(builder, "title", delivery->title);
        add_member(builder, "text", delivery->text);
        add_member(builder, "subject", delivery->subject);
        json_builder_set_member_name(builder, "is_over");
        json_builder_add_boolean_value(builder, delivery->is_over);
        add_member(builder, "host", sending->host);
        return to_json(builder);
}

/* As https://docs.ntfy.sh/publish/#publish-as-json */
static char *push_body(const BhSending *sending) {
        static const int priorities[BH_NOTIFICATION_SEVERITIES] = {2, 3, 5};
        g_autoptr(JsonBuilder) builder = json_builder_new();
        const BhDelivery *delivery = sending->delivery;
        g_autofree char *title = g_strdup_printf("%s: %s", sending->host, delivery->title);

        json_builder_begin_object(builder);
        add_member(builder, "topic", sending->channel->settings.topic);
        add_member(builder, "title", title);
        add_member(builder, "message", *delivery->text ? delivery->text : delivery->title);
        json_builder_set_member_name(builder, "priority");
        json_builder_add_int_value(builder, priorities[delivery->severity]);
        return to_json(builder);
}

/* Transfers --------------------------------------------------------------------------------------------------------------------------------------------- */

static size_t on_answer(char *data, size_t size, size_t n, void *userdata) {
        Transfer *transfer = userdata;

        transfer->n_answered += size * n;
        return transfer->n_answered > ANSWER_MAX ? 0 : size * n;
}

static int on_progress(void *userdata, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent) {
        const Transfer *transfer = userdata;

        return g_atomic_int_get(transfer->sending->is_stopping);
}

static void add_header(Transfer *transfer, const char *name, const char *value) {
        g_autofree char *line = g_strdup_printf("%s: %s", name, value);

        transfer->headers = curl_slist_append(transfer->headers, line);
}

static void set_common(Transfer *transfer, const char *protocol) {
        const BhSending *sending = transfer->sending;
        CURL *curl = transfer->curl;

        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocol);
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* not one of the environment's either */
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
        if (sending->channel->settings.ca_file)
                curl_easy_setopt(curl, CURLOPT_CAINFO, sending->channel->settings.ca_file);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(sending->timeout_usec / BH_USEC_PER_MSEC));
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(sending->timeout_usec / BH_USEC_PER_MSEC));
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_answer);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
        curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
}

static CURLcode post_json(Transfer *transfer, const char *body) {
        const char *url = transfer->sending->channel->settings.url;

        set_common(transfer, g_ascii_strncasecmp(url, "https:", 6) == 0 ? "https" : "http");
        add_header(transfer, "Content-Type", "application/json");
        add_header(transfer, "X-BaluHost-Delivery", transfer->sending->delivery->message_id);
        curl_easy_setopt(transfer->curl, CURLOPT_URL, url);
        curl_easy_setopt(transfer->curl, CURLOPT_USERAGENT, "BaluHost");
        curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
        return curl_easy_perform(transfer->curl);
}

static CURLcode send_webhook(Transfer *transfer) {
        const BhSending *sending = transfer->sending;
        g_autofree char *body = webhook_body(sending), *signature = NULL, *value = NULL;
        int64_t seconds = sending->time_usec / BH_USEC_PER_SEC;

        if (sending->secret) {
                signature = bh_send_sign(sending->secret, seconds, body);
                value = g_strdup_printf("t=%" PRIi64 ",v1=%s", seconds, signature);
                add_header(transfer, "X-BaluHost-Signature", value);
        }
        return post_json(transfer, body);
}

static CURLcode send_push(Transfer *transfer) {
        g_autofree char *body = push_body(transfer->sending);

        if (transfer->sending->secret) {
                curl_easy_setopt(transfer->curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
                curl_easy_setopt(transfer->curl, CURLOPT_XOAUTH2_BEARER, transfer->sending->secret);
        }
        return post_json(transfer, body);
}

static void add_mail_headers(Transfer *transfer) {
        const BhSending *sending = transfer->sending;
        const BhChannelSettings *settings = &sending->channel->settings;
        g_autofree char *plain = g_strdup_printf("[%s] %s", sending->host, sending->delivery->title);
        g_autofree char *subject = bh_send_encode_header(plain), *to = g_strjoinv(", ", settings->recipients),
                        *id = NULL;
        time_t seconds = (time_t)(sending->time_usec / BH_USEC_PER_SEC);
        char date[64];
        struct tm tm;

        gmtime_r(&seconds, &tm);
        (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm); /* the service's locale is C */
        id = g_strdup_printf("<%s@%s>", sending->delivery->message_id, strchr(settings->sender, '@') + 1);
        add_header(transfer, "Date", date);
        add_header(transfer, "From", settings->sender);
        for (size_t i = 0; settings->recipients[i]; i++) {
                g_autofree char *recipient = g_strdup_printf("<%s>", settings->recipients[i]);

                transfer->recipients = curl_slist_append(transfer->recipients, recipient);
        }
        add_header(transfer, "To", to);
        add_header(transfer, "Subject", subject);
        add_header(transfer, "Message-ID", id);
        add_header(transfer, "Auto-Submitted", "auto-generated");
}

static char *mail_url(const BhChannelSettings *settings) {
        const char *scheme = g_str_equal(settings->security, "tls") ? "smtps" : "smtp";
        bool is_ipv6 = strchr(settings->server, ':') != NULL;

        return g_strdup_printf("%s://%s%s%s:%" PRIu32, scheme, is_ipv6 ? "[" : "", settings->server, is_ipv6 ? "]" : "",
                               settings->port);
}

static CURLcode send_mail(Transfer *transfer) {
        const BhSending *sending = transfer->sending;
        const BhChannelSettings *settings = &sending->channel->settings;
        g_autofree char *url = mail_url(settings), *text = NULL, *from = g_strdup_printf("<%s>", settings->sender);
        CURL *curl = transfer->curl;
        curl_mimepart *part;

        text = g_strdup_printf("%s\n\n%s\n\n-- \nBaluHost on %s\n", sending->delivery->title, sending->delivery->text,
                               sending->host);
        set_common(transfer, g_str_equal(settings->security, "tls") ? "smtps" : "smtp");
        add_mail_headers(transfer);
        transfer->mime = curl_mime_init(curl);
        part = curl_mime_addpart(transfer->mime);
        curl_mime_data(part, text, CURL_ZERO_TERMINATED);
        curl_mime_type(part, "text/plain; charset=utf-8");
        curl_mime_encoder(part, "quoted-printable");
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_USE_SSL,
                         g_str_equal(settings->security, "starttls") ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, transfer->recipients);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, transfer->mime);
        if (settings->username && sending->secret) {
                curl_easy_setopt(curl, CURLOPT_USERNAME, settings->username);
                curl_easy_setopt(curl, CURLOPT_PASSWORD, sending->secret);
        }
        return curl_easy_perform(curl);
}

/* Outcomes ---------------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_final_status(long status) {
        return status >= 300 && status < 500 && status != 408 && status != 409 && status != 425 && status != 429;
}

/* libcurl's own texts about a transfer may name the URL. */
static const char *sentence(CURLcode code) {
        switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
                return "The name of the server cannot be found";
        case CURLE_COULDNT_CONNECT:
                return "The server cannot be reached";
        case CURLE_OPERATION_TIMEDOUT:
                return "The server has not answered in time";
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
                return "The certificate of the server is not one to be trusted";
        case CURLE_SSL_CACERT_BADFILE:
                return "The file with the trusted certificates cannot be read";
        case CURLE_USE_SSL_FAILED:
                return "The server does not offer encryption";
        case CURLE_LOGIN_DENIED:
                return "The server does not accept the user name and password";
        case CURLE_ABORTED_BY_CALLBACK:
                return "The service was stopped";
        default:
                return curl_easy_strerror(code);
        }
}

static void judge_http(Transfer *transfer, CURLcode code, long status, BhSent *ret) {
        curl_off_t retry_after = 0;

        if (status >= 200 && status < 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
                return;
        if (status < 200 || (code != CURLE_OK && code != CURLE_WRITE_ERROR)) {
                ret->error = g_strdup(sentence(code == CURLE_OK ? CURLE_WEIRD_SERVER_REPLY : code));
                return;
        }
        ret->error = status < 400 ? g_strdup_printf("The server answers %ld, and redirects are not followed", status)
                                  : g_strdup_printf("The server answers %ld", status);
        ret->is_final = is_final_status(status);
        if (curl_easy_getinfo(transfer->curl, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0)
                ret->retry_after_usec = MIN((int64_t)retry_after, INT64_C(31536000)) * BH_USEC_PER_SEC;
}

static void judge_mail(CURLcode code, long status, BhSent *ret) {
        if (code == CURLE_OK)
                return;
        if (status >= 400 && code != CURLE_OPERATION_TIMEDOUT) {
                ret->error = code == CURLE_LOGIN_DENIED ? g_strdup_printf("%s (%ld)", sentence(code), status)
                                                        : g_strdup_printf("The mail server answers %ld", status);
                ret->is_final = status >= 500;
                return;
        }
        ret->error = g_strdup(sentence(code));
}

void bh_send(const BhSending *sending, BhSent *ret) {
        Transfer transfer = {.sending = sending, .curl = curl_easy_init()};
        CURLcode code;
        long status = 0;

        *ret = (BhSent){};
        if (!transfer.curl) {
                ret->error = g_strdup("There is not enough memory");
                return;
        }
        if (sending->channel->kind == BH_CHANNEL_EMAIL)
                code = send_mail(&transfer);
        else
                code = sending->channel->kind == BH_CHANNEL_PUSH ? send_push(&transfer) : send_webhook(&transfer);
        (void)curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
        if (sending->channel->kind == BH_CHANNEL_EMAIL)
                judge_mail(code, status, ret);
        else
                judge_http(&transfer, code, status, ret);
        curl_easy_cleanup(transfer.curl);
        curl_mime_free(transfer.mime);
        curl_slist_free_all(transfer.headers);
        curl_slist_free_all(transfer.recipients);
}
