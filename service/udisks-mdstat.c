/* SPDX-License-Identifier: MIT */

/* /proc/mdstat can be polled: POLLPRI says that it has changed since it was read last, also by mdadm in somebody's hands, of which UDisks2 may hear nothing. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#include "log.h"
#include "macro.h"
#include "udisks-private.h"

/* A change is told so late, for one seldom comes alone. */
#define DELAY_USEC (250 * BH_USEC_PER_MSEC)

struct BhMdstat {
        sd_event *event;
        char *path;
        int fd;
        sd_event_source *source, *timer;
        bool is_pending, is_warned;
        BhMdstatChanged changed;
        void *userdata;
};

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        BhMdstat *mdstat = userdata;

        mdstat->is_pending = false;
        mdstat->changed(mdstat->userdata);
        return 0;
}

static void changed_soon(BhMdstat *mdstat) {
        if (mdstat->is_pending)
                return;
        if (sd_event_source_set_time_relative(mdstat->timer, DELAY_USEC) >= 0 &&
            sd_event_source_set_enabled(mdstat->timer, SD_EVENT_ONESHOT) >= 0)
                mdstat->is_pending = true;
}

/* The kernel takes note of who reads to the end. */
static int read_to_end(int fd) {
        char buffer[4096];
        ssize_t n;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        do
                n = read(fd, buffer, sizeof buffer);
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 ? -errno : 0;
}

static int on_poll(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        BhMdstat *mdstat = userdata;
        int r = read_to_end(fd);

        if (r < 0) {
                bh_log_warning_errno(r, "Cannot read %s", mdstat->path);
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
        changed_soon(mdstat);
        return 0;
}

static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        BhMdstat *mdstat = userdata;
        g_autofree char *name = g_path_get_basename(mdstat->path);

        if (event->mask & IN_Q_OVERFLOW || (event->len > 0 && g_str_equal(event->name, name)))
                changed_soon(mdstat);
        return 0;
}

/* "md0 : active raid1 …", some lines further "[==>…]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec", and an empty line at the end. */
double bh_mdstat_progress(const char *text, const char *name) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autofree char *start = g_strconcat(name, " : ", NULL);
        bool is_inside = false;

        for (char **line = lines; *line; line++) {
                const char *sync = strstr(*line, " = ");
                uint64_t done, total;

                if (g_ascii_isalnum(**line))
                        is_inside = g_str_has_prefix(*line, start);
                else if (is_inside && sync && strchr(sync, '(') &&
                         sscanf(strchr(sync, '('), "(%" SCNu64 "/%" SCNu64 ")", &done, &total) == 2)
                        return total > 0 && done <= total ? (double)done / (double)total : -1;
        }
        return -1;
}

/* Where it is an ordinary file, which cannot be polled. */
static int watch_directory(BhMdstat *mdstat) {
        g_autofree char *directory = g_path_get_dirname(mdstat->path);

        return sd_event_add_inotify(mdstat->event, &mdstat->source, directory,
                                    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE, on_inotify, mdstat);
}

static int watch_file(BhMdstat *mdstat) {
        int r;

        mdstat->fd = open(mdstat->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (mdstat->fd < 0)
                return -errno;
        r = sd_event_add_io(mdstat->event, &mdstat->source, mdstat->fd, EPOLLPRI | EPOLLERR, on_poll, mdstat);
        if (r == -EPERM)
                return watch_directory(mdstat);
        return r < 0 ? r : read_to_end(mdstat->fd);
}

void bh_mdstat_retry(BhMdstat *mdstat) {
        int r;

        if (mdstat->source)
                return;
        r = watch_file(mdstat);
        if (r >= 0)
                return;
        if (r != -ENOENT && !mdstat->is_warned) {
                mdstat->is_warned = true;
                bh_log_warning_errno(r, "Cannot watch %s: arrays that are changed by hand may be noticed late",
                                     mdstat->path);
        }
        mdstat->source = sd_event_source_disable_unref(mdstat->source);
        bh_closep(&mdstat->fd);
        mdstat->fd = -1;
}

BhMdstat *bh_mdstat_new(sd_event *event, const char *path, BhMdstatChanged changed, void *userdata) {
        BhMdstat *mdstat = g_new0(BhMdstat, 1);
        int r;

        mdstat->event = sd_event_ref(event);
        mdstat->path = g_strdup(path);
        mdstat->fd = -1;
        mdstat->changed = changed;
        mdstat->userdata = userdata;
        r = sd_event_add_time_relative(event, &mdstat->timer, CLOCK_MONOTONIC, 0, BH_USEC_PER_MSEC * 50, on_timer,
                                       mdstat);
        if (r >= 0)
                r = sd_event_source_set_enabled(mdstat->timer, SD_EVENT_OFF);
        if (r < 0) {
                bh_log_warning_errno(r, "Cannot watch %s", path);
                bh_mdstat_free(mdstat);
                return NULL;
        }
        bh_mdstat_retry(mdstat);
        return mdstat;
}

void bh_mdstat_free(BhMdstat *mdstat) {
        if (!mdstat)
                return;
        sd_event_source_disable_unref(mdstat->source);
        sd_event_source_disable_unref(mdstat->timer);
        bh_closep(&mdstat->fd);
        sd_event_unref(mdstat->event);
        g_free(mdstat->path);
        g_free(mdstat);
}
