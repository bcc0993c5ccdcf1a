/* SPDX-License-Identifier: MIT */
#include "session.h"

/* The cookie outlives the token in it; the service decides. */
#define REFRESH_SECONDS (30 * 24 * 3600)

gboolean bh_session_is_cross_site(BhRequest *request) {
        const char *site = bh_request_header(request, "Sec-Fetch-Site");

        return site && !g_str_equal(site, "same-origin") && !g_str_equal(site, "none");
}

gboolean bh_session_may_use_cookies(BhRequest *request) {
        return bh_request_header(request, BH_CLIENT_HEADER) && !bh_session_is_cross_site(request);
}

static void set_cookie(BhRequest *request, const char *name, const char *value, const char *path, guint64 seconds) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);
        g_autofree char *text =
                g_strdup_printf("%s=%s; Path=%s; Max-Age=%" G_GUINT64_FORMAT "; HttpOnly; SameSite=Strict%s", name,
                                value, path, seconds, request->secure ? "; Secure" : "");

        soup_message_headers_append(headers, "Set-Cookie", text);
}

void bh_session_set_cookies(BhRequest *request, const char *refresh_token, const char *access_token,
                            guint64 expires_in) {
        if (!*refresh_token)
                return;
        set_cookie(request, BH_COOKIE_REFRESH, refresh_token, "/api/auth", REFRESH_SECONDS);
        set_cookie(request, BH_COOKIE_MEDIA, access_token, "/api/files/download", expires_in);
}

void bh_session_clear_cookies(BhRequest *request) {
        set_cookie(request, BH_COOKIE_REFRESH, "", "/api/auth", 0);
        set_cookie(request, BH_COOKIE_MEDIA, "", "/api/files/download", 0);
}
