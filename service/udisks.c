/* SPDX-License-Identifier: MIT */

#include "udisks.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "log.h"
#include "macro.h"
#include "udisks-private.h"

/* Changes that come so close together are one inventory. */
#define BUILD_DELAY_USEC (20 * BH_USEC_PER_MSEC)

/* Nobody tells how far a sync is; while there is one it is looked at so often. */
#define SYNC_LOOK_USEC BH_USEC_PER_SEC

/* After UDisks2 has vanished it is asked for so soon, and less and less often when that does not help. */
#define START_DELAY_MIN_USEC BH_USEC_PER_SEC
#define START_DELAY_MAX_USEC (300 * BH_USEC_PER_SEC)
#define LIVED_LONG_USEC (60 * BH_USEC_PER_SEC)

#define OBJECTS_TIMEOUT_USEC (60 * BH_USEC_PER_SEC)
#define START_TIMEOUT_USEC (60 * BH_USEC_PER_SEC)

#define NOT_INSTALLED "UDisks2 is not installed, so nothing is known about disks"
#define NOT_RUNNING "UDisks2 is not running, so nothing is known about disks at the moment"
#define NOT_READY "UDisks2 is starting, and has not said yet which disks there are"
#define NOT_ANSWERING "UDisks2 does not say which disks there are"

static const char *const formats[] = {"ext4", "xfs", "btrfs"};
G_STATIC_ASSERT(G_N_ELEMENTS(formats) == G_N_ELEMENTS(((BhUdisks *)NULL)->filesystem_calls));

/* Publishing ------------------------------------------------------------------------------------------------------------------------------ */

/* Takes over the inventory. */
static void publish(BhUdisks *udisks, BhInventory *inventory) {
        BhInventory *previous;

        if (bh_inventory_is_equal(inventory, udisks->inventory)) {
                bh_inventory_unref(inventory);
                return;
        }
        inventory->generation = ++udisks->generation;
        g_mutex_lock(&udisks->lock);
        previous = udisks->inventory;
        udisks->inventory = bh_inventory_ref(inventory);
        g_cond_broadcast(&udisks->changed);
        g_mutex_unlock(&udisks->lock);
        bh_inventory_unref(previous);

        if (udisks->mdstat)
                bh_mdstat_retry(udisks->mdstat);
        for (unsigned i = 0; i < udisks->n_listeners; i++)
                udisks->listeners[i].listener(udisks->listeners[i].userdata, inventory);
        bh_inventory_unref(inventory);
}

static void publish_absence(BhUdisks *udisks, const char *problem) {
        publish(udisks, bh_inventory_new_unavailable(problem));
}

/* UDisks2 tells how far a sync is in steps of a sixteenth, as the kernel's checkpoints are; the kernel itself knows it better. Returns whether any array syncs. */
static bool refine_progress(BhUdisks *udisks, BhInventory *inventory) {
        g_autofree char *text = NULL;
        bool is_syncing = false;

        for (size_t i = 0; i < inventory->n_arrays; i++) {
                BhMdArray *array = &inventory->arrays[i];
                const BhBlock *block = bh_inventory_block(inventory, array->block);
                double progress;

                if (!block || !*array->sync_action || g_str_equal(array->sync_action, "idle"))
                        continue;
                is_syncing = true;
                if (!text && !g_file_get_contents(udisks->mdstat_path, &text, NULL, NULL))
                        return true;
                progress = bh_mdstat_progress(text, block->name);
                if (progress >= 0)
                        array->sync_completed = progress;
        }
        return is_syncing;
}

static bool build_after(BhUdisks *udisks, uint64_t delay_usec) {
        return sd_event_source_set_time_relative(udisks->build_timer, delay_usec) >= 0 &&
               sd_event_source_set_enabled(udisks->build_timer, SD_EVENT_ONESHOT) >= 0;
}

static int on_build(sd_event_source *source, uint64_t usec, void *userdata) {
        BhUdisks *udisks = userdata;
        BhInventory *inventory;

        udisks->is_pending = false;
        if (!udisks->is_loaded)
                return 0;
        inventory = bh_udisks_store_build(udisks->store, (const char *const *)udisks->filesystems->pdata);
        if (refine_progress(udisks, inventory))
                (void)build_after(udisks, SYNC_LOOK_USEC);
        publish(udisks, inventory);
        return 0;
}

static void build_soon(BhUdisks *udisks) {
        if (udisks->is_pending || !udisks->is_loaded)
                return;
        udisks->is_pending = build_after(udisks, BUILD_DELAY_USEC);
}

BhInventory *bh_udisks_get_inventory(BhUdisks *udisks) {
        BhInventory *inventory;

        g_mutex_lock(&udisks->lock);
        inventory = bh_inventory_ref(udisks->inventory);
        g_mutex_unlock(&udisks->lock);
        return inventory;
}

void bh_udisks_add_listener(BhUdisks *udisks, BhUdisksListener listener, void *userdata) {
        g_assert(udisks->n_listeners < BH_UDISKS_LISTENERS_MAX);
        udisks->listeners[udisks->n_listeners].listener = listener;
        udisks->listeners[udisks->n_listeners++].userdata = userdata;
}

/* Under the lock. */
static int wait_for_another(BhUdisks *udisks, uint64_t generation, int64_t end_usec) {
        while (!udisks->is_stopped && udisks->inventory->generation == generation)
                if (!g_cond_wait_until(&udisks->changed, &udisks->lock, end_usec))
                        return -ETIMEDOUT;
        return udisks->is_stopped ? -ECANCELED : 0;
}

int bh_udisks_wait(BhUdisks *udisks, BhUdisksPredicate predicate, void *userdata, int64_t timeout_usec) {
        int64_t end_usec = g_get_monotonic_time() + timeout_usec;

        for (;;) {
                _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(udisks);
                int r;

                if (inventory->is_available && predicate(inventory, userdata))
                        return 0;
                g_mutex_lock(&udisks->lock);
                r = wait_for_another(udisks, inventory->generation, end_usec);
                g_mutex_unlock(&udisks->lock);
                if (r < 0)
                        return r;
        }
}

static int read_objects(sd_bus_message *m, void *userdata) {
        return bh_udisks_store_read_all(userdata, m);
}

int bh_udisks_read_inventory(BhUdisks *udisks, BhInventory **ret, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *published = bh_udisks_get_inventory(udisks);
        BhUdisksStore *store = bh_udisks_store_new();
        const BhUdisksCall call = {.timeout_usec = OBJECTS_TIMEOUT_USEC, .read = read_objects, .userdata = store};
        int r = bh_udisks_get_objects(udisks, &call, failure);

        if (r >= 0) {
                *ret = bh_udisks_store_build(store, (const char *const *)published->filesystems);
                (*ret)->generation = published->generation;
        }
        bh_udisks_store_free(store);
        return r;
}

/* What UDisks2 shows ---------------------------------------------------------------------------------------------------------------------- */

static int on_can_format(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhUdisks *udisks = userdata;
        sd_bus_slot *slot = sd_bus_get_current_slot(udisks->bus);
        int available, r;

        udisks->n_filesystem_calls--;
        for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
                if (udisks->filesystem_calls[i] != slot || sd_bus_message_get_error(m))
                        continue;
                r = sd_bus_message_enter_container(m, 'r', "bs");
                if (r >= 0)
                        r = sd_bus_message_read_basic(m, 'b', &available);
                if (r >= 0 && available)
                        g_ptr_array_insert(udisks->filesystems, (int)udisks->filesystems->len - 1,
                                           g_strdup(formats[i]));
        }
        if (udisks->n_filesystem_calls == 0)
                build_soon(udisks);
        return 0;
}

/* What it can format does not change while it runs. */
static void ask_for_filesystems(BhUdisks *udisks) {
        g_ptr_array_set_size(udisks->filesystems, 0);
        g_ptr_array_add(udisks->filesystems, NULL);
        udisks->n_filesystem_calls = 0;
        for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
                sd_bus_slot **slot = &udisks->filesystem_calls[i];
                int r;

                *slot = sd_bus_slot_unref(*slot);
                r = sd_bus_call_method_async(udisks->bus, slot, BH_UDISKS_NAME, BH_UDISKS_MANAGER,
                                             BH_UDISKS_PREFIX "Manager", "CanFormat", on_can_format, udisks, "s",
                                             formats[i]);
                if (r >= 0)
                        udisks->n_filesystem_calls++;
        }
}

static int on_objects(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhUdisks *udisks = userdata;
        const sd_bus_error *problem = sd_bus_message_get_error(m);
        int r;

        udisks->objects_call = sd_bus_slot_unref(udisks->objects_call);
        r = problem ? sd_bus_error_get_errno(problem) : bh_udisks_store_read_all(udisks->store, m);
        if (problem || r < 0) {
                bh_log_warning("UDisks2 does not say which disks there are: %s",
                               problem && problem->message ? problem->message : g_strerror(ABS(r)));
                publish_absence(udisks, NOT_ANSWERING);
                return 0;
        }
        udisks->is_loaded = true;
        build_soon(udisks);
        return 0;
}

/* Asks for everything; signals that come before the answer are of no interest, for it says more. */
static void load(BhUdisks *udisks) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        int r;

        udisks->objects_call = sd_bus_slot_unref(udisks->objects_call);
        r = sd_bus_message_new_method_call(udisks->bus, &m, BH_UDISKS_NAME, BH_UDISKS_PATH,
                                           "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_call_async(udisks->bus, &udisks->objects_call, m, on_objects, udisks, OBJECTS_TIMEOUT_USEC);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot ask UDisks2 which disks there are");
}

/* A match by name lets through whatever is sent to us alone, from whoever. */
static bool is_of_udisks(const BhUdisks *udisks, sd_bus_message *m) {
        return udisks->owner && g_strcmp0(sd_bus_message_get_sender(m), udisks->owner) == 0;
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhUdisks *udisks = userdata;
        bool is_incomplete = false;
        int r = 0;

        if (!udisks->is_loaded || !is_of_udisks(udisks, m))
                return 0;
        if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded"))
                r = bh_udisks_store_read_added(udisks->store, m);
        else if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved"))
                r = bh_udisks_store_read_removed(udisks->store, m);
        else if (sd_bus_message_is_signal(m, "org.freedesktop.DBus.Properties", "PropertiesChanged"))
                r = bh_udisks_store_read_changed(udisks->store, sd_bus_message_get_path(m), m, &is_incomplete);
        if (r < 0)
                bh_log_warning_errno(r, "UDisks2 signals what makes no sense");
        if (r < 0 || is_incomplete)
                load(udisks);
        if (r > 0)
                build_soon(udisks);
        return 0;
}

/* Whether UDisks2 is there ---------------------------------------------------------------------------------------------------------------- */

static void start_later(BhUdisks *udisks) {
        (void)sd_event_source_set_time_relative(udisks->start_timer, (uint64_t)udisks->start_delay_usec);
        (void)sd_event_source_set_enabled(udisks->start_timer, SD_EVENT_ONESHOT);
        udisks->start_delay_usec = MIN(udisks->start_delay_usec * 5, START_DELAY_MAX_USEC);
}

static int on_started(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhUdisks *udisks = userdata;
        const sd_bus_error *problem = sd_bus_message_get_error(m);

        udisks->start_call = sd_bus_slot_unref(udisks->start_call);
        if (!problem || udisks->owner)
                return 0;
        if (sd_bus_error_has_name(problem, SD_BUS_ERROR_SERVICE_UNKNOWN)) {
                publish_absence(udisks, NOT_INSTALLED);
                return 0;
        }
        bh_log_warning("Cannot start UDisks2: %s", problem->message ?: problem->name);
        start_later(udisks);
        return 0;
}

static void start(BhUdisks *udisks) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        int r;

        if (udisks->owner || udisks->start_call)
                return;
        r = sd_bus_message_new_method_call(udisks->bus, &m, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "StartServiceByName");
        if (r >= 0)
                r = sd_bus_message_append(m, "su", BH_UDISKS_NAME, 0);
        if (r >= 0)
                r = sd_bus_call_async(udisks->bus, &udisks->start_call, m, on_started, udisks, START_TIMEOUT_USEC);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot ask for UDisks2");
}

static int on_start(sd_event_source *source, uint64_t usec, void *userdata) {
        start(userdata);
        return 0;
}

static void set_owner(BhUdisks *udisks, const char *owner) {
        bool was_there = udisks->owner;

        if (g_strcmp0(udisks->owner, owner) == 0)
                return;
        g_free(udisks->owner);
        udisks->owner = g_strdup(owner);
        udisks->is_loaded = false;
        if (owner) {
                udisks->present_since_usec = g_get_monotonic_time();
                publish_absence(udisks, NOT_READY);
                load(udisks);
                ask_for_filesystems(udisks);
                return;
        }
        udisks->objects_call = sd_bus_slot_unref(udisks->objects_call);
        publish_absence(udisks, NOT_RUNNING);
        if (was_there && g_get_monotonic_time() - udisks->present_since_usec > LIVED_LONG_USEC)
                udisks->start_delay_usec = START_DELAY_MIN_USEC;
        start_later(udisks);
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name, *before, *now;
        int r;

        r = sd_bus_message_read(m, "sss", &name, &before, &now);
        if (r >= 0 && g_str_equal(name, BH_UDISKS_NAME))
                set_owner(userdata, *now ? now : NULL);
        return 0;
}

static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhUdisks *udisks = userdata;
        const char *owner;

        udisks->owner_query = sd_bus_slot_unref(udisks->owner_query);
        if (!sd_bus_message_get_error(m) && sd_bus_message_read_basic(m, 's', &owner) > 0)
                set_owner(udisks, owner);
        else
                start(udisks);
        return 0;
}

static int watch(BhUdisks *udisks) {
        int r;

        r = sd_bus_add_match_async(udisks->bus, &udisks->owner_match,
                                   "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                   "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                                   "arg0='" BH_UDISKS_NAME "'",
                                   on_owner_changed, NULL, udisks);
        if (r < 0)
                return r;
        r = sd_bus_add_match_async(udisks->bus, &udisks->signal_match,
                                   "type='signal',sender='" BH_UDISKS_NAME "',path_namespace='" BH_UDISKS_PATH "'",
                                   on_signal, NULL, udisks);
        if (r < 0)
                return r;
        return sd_bus_call_method_async(udisks->bus, &udisks->owner_query, "org.freedesktop.DBus",
                                        "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", on_owner,
                                        udisks, "s", BH_UDISKS_NAME);
}

/* Arrays that were changed by hand -------------------------------------------------------------------------------------------------------- */

static void rescan_block(BhUdisks *udisks, const char *object) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(udisks->bus, &m, BH_UDISKS_NAME, object, BH_UDISKS_PREFIX "Block", "Rescan");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(m, false);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(m, false);
        if (r >= 0)
                r = sd_bus_message_append(m, "a{sv}", 1, "auth.no_user_interaction", "b", 1);
        if (r >= 0)
                r = sd_bus_send(udisks->bus, m, NULL);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot let UDisks2 look at %s anew", object);
}

void bh_udisks_rescan_arrays(BhUdisks *udisks) {
        const BhInventory *inventory = udisks->inventory; /* only the loop replaces it */

        for (size_t i = 0; i < inventory->n_arrays; i++)
                if (*inventory->arrays[i].block)
                        rescan_block(udisks, inventory->arrays[i].block);
}

static void on_mdstat(void *userdata) {
        bh_udisks_rescan_arrays(userdata);
}

/* The whole ------------------------------------------------------------------------------------------------------------------------------- */

static int add_timer(BhUdisks *udisks, sd_event_source **ret, uint64_t accuracy_usec, sd_event_time_handler_t handler) {
        int r = sd_event_add_time_relative(udisks->event, ret, CLOCK_MONOTONIC, 0, accuracy_usec, handler, udisks);

        return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

int bh_udisks_new(BhUdisks **ret, sd_bus *bus, sd_event *event, const char *bus_address, const char *mdstat) {
        BhUdisks *udisks;
        int fd, r;

        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        udisks = g_new0(BhUdisks, 1);
        udisks->stop_fd = fd;
        udisks->bus_address = g_strdup(bus_address);
        udisks->mdstat_path = g_strdup(mdstat);
        udisks->bus = sd_bus_ref(bus);
        udisks->event = sd_event_ref(event);
        g_mutex_init(&udisks->lock);
        g_cond_init(&udisks->changed);
        udisks->inventory = bh_inventory_new_unavailable(NOT_RUNNING);
        udisks->store = bh_udisks_store_new();
        udisks->filesystems = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(udisks->filesystems, NULL);
        udisks->start_delay_usec = START_DELAY_MIN_USEC;
        r = add_timer(udisks, &udisks->build_timer, BH_USEC_PER_MSEC, on_build);
        if (r >= 0)
                r = add_timer(udisks, &udisks->start_timer, BH_USEC_PER_SEC / 2, on_start);
        if (r >= 0)
                r = watch(udisks);
        if (r < 0) {
                bh_udisks_free(udisks);
                return r;
        }
        udisks->mdstat = bh_mdstat_new(event, mdstat, on_mdstat, udisks);
        *ret = udisks;
        return 0;
}

void bh_udisks_stop(BhUdisks *udisks) {
        uint64_t one = 1;

        if (!udisks)
                return;
        g_mutex_lock(&udisks->lock);
        udisks->is_stopped = true;
        g_cond_broadcast(&udisks->changed);
        g_mutex_unlock(&udisks->lock);
        if (write(udisks->stop_fd, &one, sizeof one) < 0 && errno != EAGAIN)
                bh_log_error_errno(errno, "Cannot wake what waits for UDisks2");
}

void bh_udisks_free(BhUdisks *udisks) {
        if (!udisks)
                return;
        bh_mdstat_free(udisks->mdstat);
        sd_bus_slot_unref(udisks->owner_match);
        sd_bus_slot_unref(udisks->signal_match);
        sd_bus_slot_unref(udisks->owner_query);
        sd_bus_slot_unref(udisks->start_call);
        sd_bus_slot_unref(udisks->objects_call);
        for (size_t i = 0; i < G_N_ELEMENTS(udisks->filesystem_calls); i++)
                sd_bus_slot_unref(udisks->filesystem_calls[i]);
        sd_event_source_disable_unref(udisks->build_timer);
        sd_event_source_disable_unref(udisks->start_timer);
        sd_bus_unref(udisks->bus);
        sd_event_unref(udisks->event);
        bh_udisks_store_free(udisks->store);
        g_ptr_array_unref(udisks->filesystems);
        bh_inventory_unref(udisks->inventory);
        g_mutex_clear(&udisks->lock);
        g_cond_clear(&udisks->changed);
        close(udisks->stop_fd);
        g_free(udisks->bus_address);
        g_free(udisks->mdstat_path);
        g_free(udisks->owner);
        g_free(udisks);
}
