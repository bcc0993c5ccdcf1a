/* SPDX-License-Identifier: MIT */

#include "log.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

/* The most fields a message may have beyond its own. */
#define FIELDS_MAX 24

static const char *priority_name(int priority) {
        switch (priority) {
        case LOG_EMERG:
        case LOG_ALERT:
        case LOG_CRIT:
        case LOG_ERR:
                return "error";
        case LOG_WARNING:
                return "warning";
        case LOG_NOTICE:
                return "notice";
        case LOG_INFO:
                return "info";
        default:
                return "debug";
        }
}

/* Control characters in what others chose (names, addresses) must not forge lines of their own on a terminal or in a file. */
static void print_line(int priority, const char *message) {
        g_autofree char *line = g_strdup(message);

        for (char *c = line; *c; c++)
                if ((unsigned char)*c < 0x20 || *c == 0x7f)
                        *c = ' ';
        fprintf(stderr, "baluhostd: %s: %s\n", priority_name(priority), line);
}

static void emit(int priority, const char *message, const BhLogField *fields) {
        g_autoptr(GPtrArray) strings = NULL;
        struct iovec iov[FIELDS_MAX + 2];
        int n = 0;

        if (!g_log_writer_is_journald(STDERR_FILENO)) {
                print_line(priority, message);
                return;
        }

        strings = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(strings, g_strdup_printf("MESSAGE=%s", message));
        g_ptr_array_add(strings, g_strdup_printf("PRIORITY=%d", priority));
        for (const BhLogField *f = fields; f && f->name && strings->len < FIELDS_MAX + 2; f++)
                if (f->value)
                        g_ptr_array_add(strings, g_strdup_printf("%s=%s", f->name, f->value));
        for (; n < (int)strings->len; n++) {
                char *string = strings->pdata[n];

                iov[n] = (struct iovec){string, strlen(string)};
        }
        if (sd_journal_sendv(iov, n) < 0)
                print_line(priority, message);
}

void bh_log_fields(int priority, const char *message, const BhLogField *fields) {
        emit(priority, message, fields);
}

void bh_log_full(int priority, int error, const char *file, int line, const char *function, const char *format, ...) {
        g_autofree char *text = NULL, *message = NULL, *line_number = NULL, *error_number = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);

        if (error != 0) {
                message = g_strdup_printf("%s: %s", text, g_strerror(abs(error)));
                error_number = g_strdup_printf("%d", abs(error));
        }
        line_number = g_strdup_printf("%d", line);

        const BhLogField fields[] = {
                {"CODE_FILE", file}, {"CODE_LINE", line_number}, {"CODE_FUNC", function}, {"ERRNO", error_number},
                {NULL, NULL},
        };
        emit(priority, message ?: text, fields);
}
