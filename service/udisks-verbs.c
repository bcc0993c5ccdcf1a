/* SPDX-License-Identifier: MIT */

/* What UDisks2 can be asked to do with devices, filesystems and arrays. */

#include <errno.h>
#include <string.h>

#include "macro.h"
#include "udisks-private.h"

#define QUICK_USEC (120 * BH_USEC_PER_SEC) /* what touches few sectors, of disks that may have to spin up */
#define LONG_USEC 0

#define REMOVE_ATTEMPTS 10
#define REMOVE_PAUSE_USEC (BH_USEC_PER_SEC / 4)

/* Formatting ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Format {
        const char *type, *label;
        bool take_ownership;
} Format;

static int format_append(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append(m, "s", ((Format *)userdata)->type);
}

static int format_options(sd_bus_message *m, void *userdata) {
        const Format *format = userdata;
        int r = 0;

        if (*format->label)
                r = sd_bus_message_append(m, "{sv}", "label", "s", format->label);
        if (r >= 0 && format->take_ownership)
                r = sd_bus_message_append(m, "{sv}", "take-ownership", "b", 1);
        return r;
}

int bh_udisks_format(BhUdisks *udisks, const char *block, const char *type, const char *label, bool take_ownership,
                     BhFailure *failure) {
        Format format = {type, label, take_ownership};
        const BhUdisksCall call = {.object = block,
                                   .interface = "Block",
                                   .method = "Format",
                                   .timeout_usec = LONG_USEC,
                                   .append = format_append,
                                   .options = format_options,
                                   .userdata = &format};

        return bh_udisks_call(udisks, &call, failure);
}

int bh_udisks_rescan(BhUdisks *udisks, const char *block, BhFailure *failure) {
        const BhUdisksCall call = {
                .object = block, .interface = "Block", .method = "Rescan", .timeout_usec = QUICK_USEC};

        return bh_udisks_call(udisks, &call, failure);
}

/* Filesystems ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct FstabEntry {
        const char *source, *directory, *type, *options;
} FstabEntry;

static int append_bytes(sd_bus_message *m, const char *key, const char *text) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "ay");
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', text, strlen(text) + 1); /* with the NUL, as UDisks2 has them */
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int fstab_append(sd_bus_message *m, void *userdata) {
        const FstabEntry *entry = userdata;
        int r;

        r = sd_bus_message_open_container(m, 'r', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', "fstab");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = append_bytes(m, "fsname", entry->source);
        if (r >= 0)
                r = append_bytes(m, "dir", entry->directory);
        if (r >= 0)
                r = append_bytes(m, "type", entry->type);
        if (r >= 0)
                r = append_bytes(m, "opts", entry->options);
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}", "freq", "i", 0, "passno", "i", 2);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int change_fstab(BhUdisks *udisks, const char *block, const char *method, FstabEntry entry, BhFailure *failure) {
        const BhUdisksCall call = {.object = block,
                                   .interface = "Block",
                                   .method = method,
                                   .timeout_usec = QUICK_USEC,
                                   .append = fstab_append,
                                   .userdata = &entry};

        return bh_udisks_call(udisks, &call, failure);
}

int bh_udisks_add_fstab(BhUdisks *udisks, const char *block, const char *source, const char *directory,
                        const char *type, const char *options, BhFailure *failure) {
        return change_fstab(udisks, block, "AddConfigurationItem", (FstabEntry){source, directory, type, options},
                            failure);
}

int bh_udisks_remove_fstab_entry(BhUdisks *udisks, const char *block, const char *source, const char *directory,
                                 const char *type, const char *options, BhFailure *failure) {
        return change_fstab(udisks, block, "RemoveConfigurationItem", (FstabEntry){source, directory, type, options},
                            failure);
}

/* An entry has to be given back just as UDisks2 shows it, so it is copied from one message to the other. */
typedef struct Removal {
        const char *directory;
        sd_bus_message *entries; /* the property's value */
        bool is_found;
} Removal;

static int entry_directory(sd_bus_message *m, char **ret) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *key, *contents;
                const void *bytes;
                size_t size;

                r = sd_bus_message_read_basic(m, 's', &key);
                if (r >= 0)
                        r = sd_bus_message_peek_type(m, NULL, &contents);
                if (r < 0)
                        return r;
                if (g_str_equal(key, "dir") && g_str_equal(contents, "ay")) {
                        r = sd_bus_message_enter_container(m, 'v', "ay");
                        if (r >= 0)
                                r = sd_bus_message_read_array(m, 'y', &bytes, &size);
                        if (r < 0)
                                return r;
                        g_free(*ret);
                        *ret = g_strndup(bytes ?: "", size);
                        r = sd_bus_message_exit_container(m);
                } else {
                        r = sd_bus_message_skip(m, "v");
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* Whether the entry at the message's position is the one, which is passed over. */
static int entry_matches(sd_bus_message *m, const char *directory) {
        g_autofree char *dir = NULL;
        const char *type;
        int r;

        r = sd_bus_message_enter_container(m, 'r', "sa{sv}");
        if (r <= 0)
                return r;
        r = sd_bus_message_read_basic(m, 's', &type);
        if (r >= 0)
                r = entry_directory(m, &dir);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : g_str_equal(type, "fstab") && g_strcmp0(dir, directory) == 0;
}

/* Leaves the message in front of the first entry for the directory, which is the one to be copied. */
static int find_entry(sd_bus_message *m, void *userdata) {
        Removal *removal = userdata;
        size_t index = 0;
        bool is_match = false;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sa{sv})");
        while (r >= 0 && sd_bus_message_at_end(m, false) == 0) {
                r = entry_matches(m, removal->directory);
                is_match = r > 0;
                if (is_match)
                        break;
                index++;
        }
        if (r < 0 || !is_match)
                return r < 0 ? r : 0;
        removal->is_found = true;
        removal->entries = sd_bus_message_ref(m);
        r = sd_bus_message_rewind(m, true);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'v', "a(sa{sv})");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(sa{sv})");
        for (; r >= 0 && index > 0; index--)
                r = sd_bus_message_skip(m, "(sa{sv})");
        return r;
}

static int removal_append(sd_bus_message *m, void *userdata) {
        return sd_bus_message_copy(m, ((Removal *)userdata)->entries, false);
}

int bh_udisks_remove_fstab(BhUdisks *udisks, const char *block, const char *directory, BhFailure *failure) {
        Removal removal = {.directory = directory};
        const BhUdisksCall look = {.object = block,
                                   .interface = "Block",
                                   .timeout_usec = QUICK_USEC,
                                   .read = find_entry,
                                   .userdata = &removal};
        const BhUdisksCall call = {.object = block,
                                   .interface = "Block",
                                   .method = "RemoveConfigurationItem",
                                   .timeout_usec = QUICK_USEC,
                                   .append = removal_append,
                                   .userdata = &removal};
        int r;

        r = bh_udisks_get_property(udisks, &look, "Configuration", "a(sa{sv})", failure);
        if (r >= 0 && !removal.is_found)
                r = failure ? bh_failure_set(failure, -ENOENT, NULL, "There is no entry for %s in /etc/fstab",
                                             directory)
                            : -ENOENT;
        if (r >= 0)
                r = bh_udisks_call(udisks, &call, failure);
        sd_bus_message_unref(removal.entries);
        return r;
}

static int read_string(sd_bus_message *m, void *userdata) {
        const char *text;
        int r = sd_bus_message_read_basic(m, 's', &text);

        if (r > 0)
                *(char **)userdata = g_strdup(text);
        return r > 0 ? 0 : -EBADMSG;
}

int bh_udisks_mount(BhUdisks *udisks, const char *block, char **ret_directory, BhFailure *failure) {
        const BhUdisksCall call = {.object = block,
                                   .interface = "Filesystem",
                                   .method = "Mount",
                                   .timeout_usec = LONG_USEC, /* a journal may have to be replayed */
                                   .read = read_string,
                                   .userdata = ret_directory};

        return bh_udisks_call(udisks, &call, failure);
}

static int append_option(sd_bus_message *m, const char *name, bool value) {
        return value ? sd_bus_message_append(m, "{sv}", name, "b", 1) : 0;
}

static int unmount_options(sd_bus_message *m, void *userdata) {
        return append_option(m, "force", *(bool *)userdata);
}

int bh_udisks_unmount(BhUdisks *udisks, const char *block, bool force, BhFailure *failure) {
        const BhUdisksCall call = {.object = block,
                                   .interface = "Filesystem",
                                   .method = "Unmount",
                                   .timeout_usec = LONG_USEC, /* everything that was written goes to the disk */
                                   .options = unmount_options,
                                   .userdata = &force};

        return bh_udisks_call(udisks, &call, failure);
}

static int resize_append(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append_basic(m, 't', userdata);
}

int bh_udisks_resize_filesystem(BhUdisks *udisks, const char *block, uint64_t size, BhFailure *failure) {
        const BhUdisksCall call = {.object = block,
                                   .interface = "Filesystem",
                                   .method = "Resize",
                                   .timeout_usec = LONG_USEC,
                                   .append = resize_append,
                                   .userdata = &size};

        return bh_udisks_call(udisks, &call, failure);
}

/* Arrays ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Creation {
        const char *const *blocks;
        size_t n_blocks;
        const char *level, *name;
        uint64_t chunk_size;
        char **ret_array;
} Creation;

static int creation_append(sd_bus_message *m, void *userdata) {
        const Creation *creation = userdata;
        int r;

        r = sd_bus_message_open_container(m, 'a', "o");
        for (size_t i = 0; r >= 0 && i < creation->n_blocks; i++)
                r = sd_bus_message_append_basic(m, 'o', creation->blocks[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_append(m, "sst", creation->level, creation->name, creation->chunk_size);
}

static int creation_read(sd_bus_message *m, void *userdata) {
        const char *path;
        int r = sd_bus_message_read_basic(m, 'o', &path);

        if (r > 0)
                *((Creation *)userdata)->ret_array = g_strdup(path);
        return r > 0 ? 0 : -EBADMSG;
}

int bh_udisks_md_create(BhUdisks *udisks, const char *const *blocks, size_t n_blocks, const char *level,
                        const char *name, uint64_t chunk_size, char **ret_array, BhFailure *failure) {
        Creation creation = {blocks, n_blocks, level, name, chunk_size, ret_array};
        const BhUdisksCall call = {.object = BH_UDISKS_MANAGER,
                                   .interface = "Manager",
                                   .method = "MDRaidCreate",
                                   .timeout_usec = LONG_USEC,
                                   .append = creation_append,
                                   .read = creation_read,
                                   .userdata = &creation};

        return bh_udisks_call(udisks, &call, failure);
}

typedef struct MdCall {
        const char *text; /* a block, an action, a bitmap */
        bool flag;
} MdCall;

static int start_options(sd_bus_message *m, void *userdata) {
        return append_option(m, "start-degraded", ((MdCall *)userdata)->flag);
}

static int wipe_options(sd_bus_message *m, void *userdata) {
        return append_option(m, "wipe", ((MdCall *)userdata)->flag);
}

static int append_object(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append_basic(m, 'o', ((MdCall *)userdata)->text);
}

static int append_text(sd_bus_message *m, void *userdata) {
        return sd_bus_message_append_basic(m, 's', ((MdCall *)userdata)->text);
}

static int append_location(sd_bus_message *m, void *userdata) {
        const char *text = ((MdCall *)userdata)->text;

        return sd_bus_message_append_array(m, 'y', text, strlen(text) + 1);
}

static int call_md(BhUdisks *udisks, const char *array, const char *method, int (*append)(sd_bus_message *, void *),
                   int (*options)(sd_bus_message *, void *), MdCall data, BhFailure *failure) {
        const BhUdisksCall call = {.object = array,
                                   .interface = "MDRaid",
                                   .method = method,
                                   .timeout_usec = QUICK_USEC,
                                   .append = append,
                                   .options = options,
                                   .userdata = &data};

        return bh_udisks_call(udisks, &call, failure);
}

int bh_udisks_md_start(BhUdisks *udisks, const char *array, bool degraded, BhFailure *failure) {
        return call_md(udisks, array, "Start", NULL, start_options, (MdCall){.flag = degraded}, failure);
}

int bh_udisks_md_stop(BhUdisks *udisks, const char *array, BhFailure *failure) {
        return call_md(udisks, array, "Stop", NULL, NULL, (MdCall){}, failure);
}

int bh_udisks_md_add(BhUdisks *udisks, const char *array, const char *block, BhFailure *failure) {
        return call_md(udisks, array, "AddDevice", append_object, NULL, (MdCall){.text = block}, failure);
}

/* md lets go of a member when what it was reading or writing is over, and tells nobody: until then it is failed already, and busy. */
int bh_udisks_md_remove(BhUdisks *udisks, const char *array, const char *block, bool wipe, BhFailure *failure) {
        int r;

        for (int attempt = 1;; attempt++) {
                r = call_md(udisks, array, "RemoveDevice", append_object, wipe_options, (MdCall){block, wipe}, failure);
                if (r != -EIO || attempt == REMOVE_ATTEMPTS)
                        return r;
                bh_failure_clear(failure);
                g_usleep(REMOVE_PAUSE_USEC);
        }
}

int bh_udisks_md_request_sync(BhUdisks *udisks, const char *array, const char *action, BhFailure *failure) {
        return call_md(udisks, array, "RequestSyncAction", append_text, NULL, (MdCall){.text = action}, failure);
}

int bh_udisks_md_set_bitmap(BhUdisks *udisks, const char *array, const char *bitmap, BhFailure *failure) {
        return call_md(udisks, array, "SetBitmapLocation", append_location, NULL, (MdCall){.text = bitmap}, failure);
}

int bh_udisks_md_delete(BhUdisks *udisks, const char *array, BhFailure *failure) {
        return call_md(udisks, array, "Delete", NULL, NULL, (MdCall){}, failure);
}
