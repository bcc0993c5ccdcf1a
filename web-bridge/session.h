/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* The two cookies, and the guard against requests that other sites make a browser send. */
#define BH_COOKIE_REFRESH "baluhost_refresh"
#define BH_COOKIE_MEDIA "baluhost_media"
#define BH_CLIENT_HEADER "X-BaluHost-Client"

/* Whether a browser says that another site caused the request. */
gboolean bh_session_is_cross_site(BhRequest *request);

/* Whether a request may be authenticated by a cookie: not caused by another site, and with the header that only scripts of one's own site can add. */
gboolean bh_session_may_use_cookies(BhRequest *request);

/* Turns the tokens of a reply of Login, Register or Refresh into cookies; none when it has no refresh token. */
void bh_session_set_cookies(BhRequest *request, const char *refresh_token, const char *access_token,
                            guint64 expires_in);
void bh_session_clear_cookies(BhRequest *request);
