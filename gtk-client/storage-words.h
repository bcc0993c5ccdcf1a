/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

G_BEGIN_DECLS

/* How disks, arrays and pools are called and what is said of them, in the language of the user; the sentences of the service are shown as they are.
 * Colour is never the only sign: every state has an icon, a word and one of the style classes "success", "warning", "error", "dim-label".
 * New strings are the caller's. Any thread, but for what takes a proxy: main thread. */

typedef struct {
        const char *name; /* of the service */
        const char *word; /* to be translated: _(word) */
        const char *icon;
        const char *style;
} BhStateWords;

/* Constant, never NULL. */
const BhStateWords *bh_words_disk_state(const char *state);
const BhStateWords *bh_words_array_state(const char *state);
const BhStateWords *bh_words_pool_state(const char *state);
const BhStateWords *bh_words_member_state(const char *state);
const BhStateWords *bh_words_effect(const char *effect);
const BhStateWords *bh_words_smart_status(const char *status);
const BhStateWords *bh_words_severity(const char *severity);

/* "In an array", for Disk.Usage. Constant. */
const char *bh_words_usage(const char *usage);

/* "Short self-test passed" and the like, for Disk.SelftestStatus. Constant. */
const char *bh_words_selftest(const char *status);

/* "RAID 5", for "raid5"; others as they are. */
char *bh_words_level(const char *level);

/* "Repair of an array", for Job.Operation. Constant. */
const char *bh_words_operation(const char *operation);

/* "less than a minute", "3 minutes", "2 h 10 min". */
char *bh_words_duration(guint64 usec);

/* "45 % · 120 MB/s · 3 minutes left": what is known of it. progress: percent, below 0: not known; rate: bytes a second, 0: not known; end_usec: since 1970, 0: not known. */
char *bh_words_progress(double progress, guint64 rate, gint64 end_usec);

/* "Survives the failure of 1 disk", for as many as may fail now. */
char *bh_words_survives(guint n);

/* "30 °C"; NULL when it is not known. */
char *bh_words_temperature(double celsius);

/* What a disk is called: its bay, or its name. */
char *bh_words_disk_title(BhBusDisk *disk);

/* "Bay 3 · WD40EFRX · …7F2K": a disk among others. */
char *bh_words_disk_line(BhBusDisk *disk);

/* The same for a disk of a dictionary with "name", "model", "serial" and "bay". */
char *bh_words_disk_of(GVariant *disk);

/* The last four characters of a serial number, with "…" in front. */
char *bh_words_serial_end(const char *serial);

G_END_DECLS
