/* SPDX-License-Identifier: MIT */
#include "account-rules.h"

#include <glib/gi18n.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define PASSWORD_MIN_BYTES 8
#define PASSWORD_MAX_BYTES 1024

const char *bh_account_name_problem(const char *name) {
        if (!g_ascii_isalnum(*name))
                return _("A user name begins with a letter (a to z) or digit.");
        for (const char *c = name; *c; c++)
                if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
                        return _("A user name has only letters (a to z), digits, “.”, “_” and “-”.");
        return strlen(name) > NAME_MAX_BYTES ? _("A user name has at most 64 characters.") : NULL;
}

const char *bh_account_email_problem(const char *email) {
        const char *at = strrchr(email, '@');

        if (*email && (!at || at == email || !at[1] || strpbrk(email, " \t\r\n")))
                return _("This is not an e-mail address.");
        return NULL;
}

const char *bh_account_password_problem(const char *password) {
        gsize length = strlen(password);

        if (length < PASSWORD_MIN_BYTES)
                return _("The password needs at least 8 characters.");
        return length > PASSWORD_MAX_BYTES ? _("The password is too long.") : NULL;
}
