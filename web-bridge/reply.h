/* SPDX-License-Identifier: MIT */
#pragma once

#include "arguments.h"
#include "errors.h"
#include "request.h"

/* Answers. Each ends a request, once, and resumes it when it was paused; a client that has gone is no error. An answer before the body has been read closes the
 * connection when the rest of the body is long. */

/* Adds the header fields that every answer has, to one that has none of them yet: each message gets them when it begins. Handlers of user content replace the policy by
 * one of its own. */
void bh_reply_security_headers(SoupMessageHeaders *headers);

/* @json: the text, borrowed. */
void bh_reply_json(BhRequest *request, guint status, GBytes *json);
void bh_reply_bytes(BhRequest *request, guint status, const char *type, GBytes *body);
void bh_reply_empty(BhRequest *request, guint status);
void bh_reply_error(BhRequest *request, guint status, const char *detail);
void bh_reply_failure(BhRequest *request, const BhFailure *failure);
/* Of a D-Bus call, with the exceptions of the request's row. */
void bh_reply_dbus_error(BhRequest *request, const GError *error);
/* 422 with the list of @problems. */
void bh_reply_problems(BhRequest *request, GPtrArray *problems);
void bh_reply_problem(BhRequest *request, const char *where, const char *member, const char *message);

/* Body of an error, as bh_reply_error() sends it. */
GBytes *bh_error_body(guint status, const char *name, const char *detail);

/* Reason phrase of @status; libsoup does not know the newer ones. */
const char *bh_status_phrase(guint status);

/* Status line and header fields of the answer as they go over the wire. */
GString *bh_reply_format_head(SoupServerMessage *msg);

/* The whole answer to a head that never became a request. */
GString *bh_reply_refusal(guint status, const char *reason);

/* Adds what bh_reply_finish() adds; for an answer that does not go through it. */
void bh_reply_common_headers(BhRequest *request);

/* Marks the request as answered once its status, headers and body are set, and lets libsoup write them. */
void bh_reply_finish(BhRequest *request);
