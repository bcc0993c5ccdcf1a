/* SPDX-License-Identifier: MIT */
#pragma once

#include "arguments.h"
#include "json.h"
#include "request.h"

/* Calls of the service. */

/* Time that an answer may take; a commit waits for the disk as long as it takes. */
#define BH_CALL_TIMEOUT_MS (120 * 1000)

/* Calls the method of the request's row with what the request carries, and answers. */
void bh_call_route(BhRequest *request);

/* What @request carries, for bh_arguments_build(). */
BhCarried bh_call_carried(BhRequest *request);

/* {token, no interaction} as options, floating. */
GVariant *bh_call_options(BhRequest *request);

/* Calls @interface.@method of the NAS itself, or of @object below it when that is not NULL ("jobs/1"). */
void bh_call(BhServer *server, const char *object, const char *interface, const char *method, GVariant *arguments,
             GAsyncReadyCallback callback, gpointer data);

/* The call of the method of @request's row with what @carried has. NULL when something is missing or wrong, and it has been answered. */
sd_bus_message *bh_call_prepare(BhRequest *request, const BhCarried *carried);

/* The same as a tuple, not floating, for a handler that changes them. */
GVariant *bh_call_arguments(BhRequest *request);

/* Sends @message, which is taken. */
void bh_call_send(BhServer *server, sd_bus_message *message, BhBusReply replied, gpointer data);

/* BhBusReply of the method of a request's row, or of one with the same reply: answers as the row says. @data: the request, taken. */
void bh_call_answer(gpointer data, sd_bus_message *reply, const GError *error);

/* The object that the request's row is about, to be freed with g_free(). NULL: it cannot be one, which has been answered with 404. */
char *bh_call_object(BhRequest *request);

/* As bh_reply_dbus_error(), and 404 when the row is about an object that is not there. */
void bh_call_reply_error(BhRequest *request, const GError *error);

/* Writes a file's members, those of @entry (a{sv}) and those that follow from them. */
void bh_call_write_file(yajl_gen json, GVariant *entry);
