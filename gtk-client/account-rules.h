/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is wrong with what somebody types about an account, as a sentence, or NULL. The rules are those of Users.Create(); saying it while one types is
 * a courtesy, and the service has the last word. Any thread. */
const char *bh_account_name_problem(const char *name);
const char *bh_account_email_problem(const char *email); /* "" is none, which is fine */
const char *bh_account_password_problem(const char *password);

G_END_DECLS
