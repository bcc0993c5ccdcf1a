/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "user.h"

int bh_username_validate(const char *username, BhFailure *failure) {
        size_t length = strlen(username);
        bool is_valid = length >= 1 && length <= BH_USERNAME_MAX && g_ascii_isalnum(username[0]);

        for (const char *c = username; is_valid && *c; c++)
                is_valid = g_ascii_isalnum(*c) || strchr("._-", *c);
        if (is_valid)
                return 0;
        return bh_failure_set(
                failure, -EINVAL, NULL,
                "A user name has 1 to %d letters (a to z), digits, “.”, “_” and “-”, and begins with a letter or digit",
                BH_USERNAME_MAX);
}

/* Only what would be trouble elsewhere: whether mail arrives, only sending one shows. */
int bh_email_validate(const char *email, BhFailure *failure) {
        const char *at = strrchr(email, '@');

        if (email[0] == '\0')
                return 0;
        if (strlen(email) > BH_EMAIL_MAX || !at || at == email || at[1] == '\0')
                return bh_failure_set(failure, -EINVAL, NULL, "Not a valid e-mail address");
        for (const char *p = email; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);

                if (!g_unichar_isgraph(c))
                        return bh_failure_set(failure, -EINVAL, NULL,
                                              "An e-mail address has no spaces or control characters");
        }
        return 0;
}

int bh_password_validate(const char *password, BhFailure *failure) {
        size_t length = strlen(password);

        if (length < BH_PASSWORD_MIN)
                return bh_failure_set(failure, -EINVAL, NULL, "A password has at least %d characters", BH_PASSWORD_MIN);
        if (length > BH_PASSWORD_MAX)
                return bh_failure_set(failure, -EINVAL, NULL, "A password has at most %d bytes", BH_PASSWORD_MAX);
        return 0;
}
