/* SPDX-License-Identifier: MIT */
#include "watch.h"

typedef struct {
        GSource parent;
        int fd;
        gpointer tag;  /* NULL: it is not polled */
        guint waiting; /* sources that wait with it */
} Watch;

typedef struct {
        GSource parent;
        Watch *watch;
        BhWatchOver over;
        gpointer data;
} Wait;

static gboolean is_ready(Watch *watch) {
        return watch->tag && g_source_query_unix_fd(&watch->parent, watch->tag) != 0;
}

/* --- the watch --- */

static gboolean watch_prepare(GSource *source, int *timeout) {
        *timeout = -1;
        return FALSE;
}

static gboolean watch_check(GSource *source) {
        Watch *watch = (Watch *)source;

        return watch->waiting == 0 && is_ready(watch);
}

/* Somebody may have begun to wait since. */
static gboolean watch_dispatch(GSource *source, GSourceFunc callback, gpointer data) {
        Watch *watch = (Watch *)source;

        if (watch->waiting == 0 && watch->tag)
                g_source_remove_unix_fd(source, g_steal_pointer(&watch->tag));
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_funcs = {.prepare = watch_prepare, .check = watch_check, .dispatch = watch_dispatch};

static void poll_descriptor(Watch *watch) {
        if (!watch->tag)
                watch->tag = g_source_add_unix_fd(&watch->parent, watch->fd, G_IO_IN);
}

GSource *bh_watch_new(int fd) {
        GSource *source = g_source_new(&watch_funcs, sizeof(Watch));
        Watch *watch = (Watch *)source;

        watch->fd = fd;
        poll_descriptor(watch);
        g_source_set_static_name(source, "watch");
        g_source_set_can_recurse(source, TRUE); /* else GLib takes it out of the poll while it is dispatched */
        g_source_attach(source, NULL);
        return source;
}

/* --- waiting --- */

/* Of what was polled: a source's check function is called right after the poll of all. */
static gboolean wait_is_over(Wait *wait) {
        return g_source_is_destroyed(&wait->watch->parent) || wait->over(wait->data);
}

static gboolean wait_prepare(GSource *source, int *timeout) {
        *timeout = -1;
        return wait_is_over((Wait *)source);
}

static gboolean wait_check(GSource *source) {
        Wait *wait = (Wait *)source;

        return wait_is_over(wait) || is_ready(wait->watch);
}

static gboolean wait_dispatch(GSource *source, GSourceFunc callback, gpointer data) {
        return G_SOURCE_CONTINUE;
}

static void wait_finalize(GSource *source) {
        Wait *wait = (Wait *)source;

        wait->watch->waiting--;
        g_source_unref(&wait->watch->parent);
}

/* GLib gives a child source a dummy closure, and wants to know how it would be called. */
static gboolean never_called(gpointer closure) {
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs wait_funcs = {
        .prepare = wait_prepare,
        .check = wait_check,
        .dispatch = wait_dispatch,
        .finalize = wait_finalize,
        .closure_callback = never_called,
};

GSource *bh_watch_wait(GSource *watch, BhWatchOver over, gpointer data) {
        GSource *source = g_source_new(&wait_funcs, sizeof(Wait));
        Wait *wait = (Wait *)source;

        wait->watch = (Watch *)g_source_ref(watch);
        wait->over = over;
        wait->data = data;
        wait->watch->waiting++;
        if (!g_source_is_destroyed(watch))
                poll_descriptor(wait->watch);
        g_source_set_static_name(source, "wait");
        return source;
}
