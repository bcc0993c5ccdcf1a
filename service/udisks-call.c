/* SPDX-License-Identifier: MIT */

/* A call of UDisks2's that blocks, on a connection of its own, and can be interrupted. */

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "macro.h"
#include "udisks-private.h"

#define MESSAGE_MAX 512

/* Errors ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct ErrorRow {
        const char *name; /* of UDisks2, after BH_UDISKS_PREFIX "Error."; or whole */
        int number;
        const char *failure;  /* of dbus/errors.h; NULL: by the number */
        const char *sentence; /* NULL: what the error says itself */
} ErrorRow;

static const ErrorRow error_rows[] = {
        {"NotAuthorized", EACCES, NULL, NULL},
        {"NotAuthorizedCanObtain", EACCES, NULL, NULL},
        {"NotAuthorizedDismissed", EACCES, NULL, NULL},
        {"DeviceBusy", EBUSY, NULL, "The device is in use"},
        {"WouldWakeup", EBUSY, NULL, "The disk sleeps"},
        {"NotSupported", EOPNOTSUPP, NULL, NULL},
        {"OptionNotPermitted", EOPNOTSUPP, NULL, NULL},
        {"AlreadyMounted", EALREADY, "Conflict", "It is mounted already"},
        {"MountedByOtherUser", EBUSY, NULL, "It was mounted by somebody else"},
        {"NotMounted", ENOTCONN, "Conflict", "It is not mounted"},
        {"AlreadyUnmounting", EBUSY, NULL, "It is being unmounted already"},
        {"Cancelled", ECANCELED, NULL, NULL},
        {"AlreadyCancelled", ECANCELED, NULL, NULL},
        {"Timedout", ETIMEDOUT, NULL, NULL},
        {SD_BUS_ERROR_SERVICE_UNKNOWN, ENODEV, NULL, "UDisks2 is not running"},
        {SD_BUS_ERROR_NAME_HAS_NO_OWNER, ENODEV, NULL, "UDisks2 is not running"},
        {SD_BUS_ERROR_NO_REPLY, ENODEV, NULL, "UDisks2 has gone without an answer"},
        {SD_BUS_ERROR_DISCONNECTED, ENODEV, NULL, "The bus has closed the connection"},
        {SD_BUS_ERROR_UNKNOWN_METHOD, ENOENT, NULL, "UDisks2 knows the device no more, or cannot do this with it"},
        {SD_BUS_ERROR_UNKNOWN_OBJECT, ENOENT, NULL, "UDisks2 knows the device no more"},
        {SD_BUS_ERROR_UNKNOWN_INTERFACE, ENOENT, NULL, "UDisks2 cannot do this with the device"},
        {SD_BUS_ERROR_UNKNOWN_PROPERTY, ENOENT, NULL, "UDisks2 does not know this of the device"},
        {SD_BUS_ERROR_INVALID_ARGS, EINVAL, NULL, NULL},
        {SD_BUS_ERROR_ACCESS_DENIED, EACCES, NULL, NULL},
        {SD_BUS_ERROR_TIMEOUT, ETIMEDOUT, NULL, "UDisks2 has not answered in time"},
};

#define NOT_PERMITTED "UDisks2 does not permit this to the service: are its polkit rules installed?"

/* What UDisks2 says, as one line. */
static char *message_of(const sd_bus_error *error) {
        g_autofree char *cut = g_strndup(error->message ?: error->name, MESSAGE_MAX);
        char *text = g_utf8_make_valid(cut, -1);

        for (char *c = text; *c; c++)
                if (g_ascii_iscntrl(*c))
                        *c = ' ';
        return g_strstrip(text);
}

static const ErrorRow *find_row(const char *name) {
        const char *short_name = name;

        if (g_str_has_prefix(name, BH_UDISKS_PREFIX "Error."))
                short_name += strlen(BH_UDISKS_PREFIX "Error.");
        for (size_t i = 0; i < G_N_ELEMENTS(error_rows); i++)
                if (g_str_equal(error_rows[i].name, short_name))
                        return &error_rows[i];
        return NULL;
}

static int fail(BhFailure *failure, int r, const char *name, const char *sentence) {
        return bh_failure_set(failure, r, name, "%s", sentence);
}

int bh_udisks_errno(const sd_bus_error *error, BhFailure *failure) {
        const ErrorRow *row = find_row(error->name);
        g_autofree char *message = message_of(error), *sentence = NULL;

        if (!row) {
                sentence = g_strdup_printf("UDisks2: %s", message);
                return fail(failure, -EIO, NULL, sentence);
        }
        if (row->number == EACCES)
                return fail(failure, -EACCES, NULL, NOT_PERMITTED);
        sentence = row->sentence ? g_strdup(row->sentence) : g_strdup_printf("UDisks2: %s", message);
        return fail(failure, -row->number, row->failure, sentence);
}

/* Waiting for the answer ------------------------------------------------------------------------------------------------------------------ */

static int open_bus(BhUdisks *udisks, sd_bus **ret) {
        __attribute__((cleanup(sd_bus_unrefp))) sd_bus *bus = NULL;
        int r;

        if (!udisks->bus_address)
                return sd_bus_open_system(ret);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, udisks->bus_address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = bus;
        bus = NULL;
        return 0;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        *(sd_bus_message **)userdata = sd_bus_message_ref(m);
        return 0;
}

/* Until there is something to process, or we are stopped. */
static int wait_for_something(BhUdisks *udisks, sd_bus *bus) {
        struct pollfd fds[] = {{.fd = sd_bus_get_fd(bus)}, {.fd = udisks->stop_fd, .events = POLLIN}};
        uint64_t until_usec;
        int timeout = -1, events, r;

        events = sd_bus_get_events(bus);
        if (fds[0].fd < 0 || events < 0)
                return -ENODEV;
        fds[0].events = (short)events;
        r = sd_bus_get_timeout(bus, &until_usec);
        if (r < 0)
                return r;
        if (until_usec != UINT64_MAX) {
                int64_t left_usec = (int64_t)until_usec - g_get_monotonic_time();

                timeout = (int)CLAMP(left_usec / BH_USEC_PER_MSEC + 1, 0, G_MAXINT);
        }
        if (poll(fds, G_N_ELEMENTS(fds), timeout) < 0)
                return errno == EINTR ? 0 : -errno;
        return fds[1].revents ? -ECANCELED : 0;
}

static int wait_for_reply(BhUdisks *udisks, sd_bus *bus, sd_bus_message *m, uint64_t timeout_usec,
                          sd_bus_message **ret) {
        __attribute__((cleanup(sd_bus_slot_unrefp))) sd_bus_slot *slot = NULL;
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_call_async(bus, &slot, m, on_reply, &reply, timeout_usec);
        while (r >= 0 && !reply) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = wait_for_something(udisks, bus);
        }
        if (!reply)
                return r;
        *ret = reply;
        return 0;
}

static int do_call(BhUdisks *udisks, sd_bus *bus, sd_bus_message *m, const BhUdisksCall *call, sd_bus_message **ret,
                   BhFailure *failure) {
        uint64_t timeout_usec = call->timeout_usec > 0 ? (uint64_t)call->timeout_usec : UINT64_MAX;
        int r;

        r = wait_for_reply(udisks, bus, m, timeout_usec, ret);
        if (r == -ECANCELED)
                return fail(failure, r, NULL, "The service is stopping");
        if (r < 0)
                return fail(failure, -ENODEV, NULL, "UDisks2 cannot be asked");
        if (sd_bus_message_get_error(*ret))
                return bh_udisks_errno(sd_bus_message_get_error(*ret), failure);
        return 0;
}

static int open_for_call(BhUdisks *udisks, sd_bus **ret, BhFailure *failure) {
        struct pollfd fd = {.fd = udisks->stop_fd, .events = POLLIN};

        if (poll(&fd, 1, 0) > 0)
                return fail(failure, -ECANCELED, NULL, "The service is stopping");
        if (open_bus(udisks, ret) < 0)
                return fail(failure, -ENODEV, NULL, "The bus cannot be reached");
        return 0;
}

static int read_reply(sd_bus_message *reply, const BhUdisksCall *call, BhFailure *failure) {
        int r = call->read ? call->read(reply, call->userdata) : 0;

        return r < 0 ? fail(failure, -EIO, NULL, "The answer of UDisks2 makes no sense") : 0;
}

/* The options, of which one goes everywhere. */
static int append_options(sd_bus_message *m, const BhUdisksCall *call) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "auth.no_user_interaction", "b", 1);
        if (r >= 0 && call->options)
                r = call->options(m, call->userdata);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Makes the call that the message is, and reads the answer; r is what came of making the message. */
static int finish_call(BhUdisks *udisks, sd_bus *bus, sd_bus_message *m, int r, const char *variant,
                       const BhUdisksCall *call, BhFailure *failure) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;

        if (r < 0)
                return fail(failure, r == -ENOMEM ? r : -EINVAL, NULL, "This cannot be said to UDisks2");
        r = do_call(udisks, bus, m, call, &reply, failure);
        if (r < 0)
                return r;
        if (variant && sd_bus_message_enter_container(reply, 'v', variant) <= 0)
                return fail(failure, -EIO, NULL, "The answer of UDisks2 makes no sense");
        return read_reply(reply, call, failure);
}

int bh_udisks_call(BhUdisks *udisks, const BhUdisksCall *call, BhFailure *failure) {
        __attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        g_autofree char *interface = g_strconcat(BH_UDISKS_PREFIX, call->interface, NULL);
        int r;

        r = open_for_call(udisks, &bus, failure);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(bus, &m, BH_UDISKS_NAME, call->object, interface, call->method);
        if (r >= 0 && call->append)
                r = call->append(m, call->userdata);
        if (r >= 0)
                r = append_options(m, call);
        return finish_call(udisks, bus, m, r, NULL, call, failure);
}

int bh_udisks_get_property(BhUdisks *udisks, const BhUdisksCall *call, const char *property, const char *type,
                           BhFailure *failure) {
        __attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        g_autofree char *interface = g_strconcat(BH_UDISKS_PREFIX, call->interface, NULL);
        int r;

        r = open_for_call(udisks, &bus, failure);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(bus, &m, BH_UDISKS_NAME, call->object, "org.freedesktop.DBus.Properties",
                                           "Get");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", interface, property);
        return finish_call(udisks, bus, m, r, type, call, failure);
}

int bh_udisks_get_objects(BhUdisks *udisks, const BhUdisksCall *call, BhFailure *failure) {
        __attribute__((cleanup(sd_bus_flush_close_unrefp))) sd_bus *bus = NULL;
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        int r;

        r = open_for_call(udisks, &bus, failure);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(bus, &m, BH_UDISKS_NAME, BH_UDISKS_PATH,
                                           "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
        return finish_call(udisks, bus, m, r, NULL, call, failure);
}
