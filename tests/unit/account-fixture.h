/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "account.h"
#include "config.h"
#include "database.h"
#include "session.h"
#include "signin.h"
#include "user.h"

/* A database with nobody in it, and everything that has to do with accounts on top of it. */

typedef struct AccountFixture {
        char *directory, *path;
        BhConfig config;
        BhKey key;
        BhDatabase *database;
        BhAccounts *accounts;
        BhSessions *sessions;
        BhUsers *users;
        BhSignin *signin;

        /* What give_away was asked, and what it answers. */
        GString *given;
        int give_result;
} AccountFixture;

void account_fixture_set_up(AccountFixture *fixture, gconstpointer data);
void account_fixture_tear_down(AccountFixture *fixture, gconstpointer data);

/* Closes everything and opens it again, as a restart of the service does. */
void account_fixture_restart(AccountFixture *fixture);

/* An account with the password "password of NAME"; its id. */
uint64_t account_fixture_add(AccountFixture *fixture, const char *username, BhRole role);

/* The caller that an account is. */
BhCaller account_fixture_caller(AccountFixture *fixture, uint64_t id);

/* Audit rows with that action; result 0: of success, else: of failure. */
int account_fixture_audits(AccountFixture *fixture, const char *action, bool failed);
