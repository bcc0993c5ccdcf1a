/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* The body of a download: texts and pieces of a file, one after the other. Read in worker threads, two blocks ahead of the client. */
typedef struct BhSender BhSender;

/* Takes @fd. */
BhSender *bh_sender_new(BhRequest *request, int fd);
void bh_sender_add_text(BhSender *sender, char *text); /* takes it */
void bh_sender_add_file(BhSender *sender, guint64 offset, guint64 length);
guint64 bh_sender_length(BhSender *sender);

/* Answers @sender's request, whose status and headers are set, with it. Takes @sender. When the file turns out to be shorter than it was, the connection ends
 * before the promised length, which is how a client notices. */
void bh_sender_start(BhSender *sender);
