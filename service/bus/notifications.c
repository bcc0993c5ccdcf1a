/* SPDX-License-Identifier: MIT */

#include "bus/notifications.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/dictionary.h"
#include "bus/polkit.h"
#include "errors.h"
#include "log.h"
#include "macro.h"
#include "notification-channel.h"
#include "notification-delivery.h"
#include "notification-rule.h"
#include "notification-secret.h"
#include "notification.h"

/* org.baluhost.NAS1.Notifications */

#define INTERFACE "org.baluhost.NAS1.Notifications"

#define TEXT_MAX 4096
#define LIMIT_DEFAULT 100

typedef struct Args {
        uint64_t id;
        char *kind, *name;
        BhChannelChanges changes;
        BhRuleChanges rule;
        BhOption settings[16]; /* the table of the settings, which has to last as long as it is read */
        BhOptionTable table;

        uint32_t limit;
        bool is_limit_given;
        char *cursor;
        uint64_t before;

        GPtrArray *rows;
        bool has_more, is_delivered;
        char *detail;
} Args;

static void args_clear(void *data) {
        Args *args = data;

        g_free(args->kind);
        g_free(args->name);
        bh_channel_changes_clear(&args->changes);
        bh_rule_changes_clear(&args->rule);
        g_free(args->cursor);
        g_clear_pointer(&args->rows, g_ptr_array_unref);
        g_free(args->detail);
}

static const BhKey *key_of(const BhCall *call) {
        return bh_notifier_key(call->service->notifier);
}

static int id_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", ((Args *)data)->id);
}

/* Opens and closes what is the same in all lists. */
static int append_rows(sd_bus_message *reply, const GPtrArray *rows, guint n,
                       int (*append)(sd_bus_message *reply, const void *row)) {
        int r = sd_bus_message_open_container(reply, 'a', "a{sv}");

        for (guint i = 0; r >= 0 && i < n; i++) {
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
                if (r >= 0)
                        r = append(reply, g_ptr_array_index(rows, i));
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_strings(sd_bus_message *reply, const char *key, char **strings) {
        int r = bh_dictionary_open_value(reply, key, "as");

        if (r >= 0)
                r = sd_bus_message_append_strv(reply, strings);
        return r < 0 ? r : bh_dictionary_close_value(reply);
}

/* ListChannels(a{sv} options) → aa{sv} channels --------------------------------------------------------------------------------------------------------- */

static int append_text(sd_bus_message *reply, const char *key, const char *text) {
        return text ? sd_bus_message_append(reply, "{sv}", key, "s", text) : 0;
}

static int append_settings(sd_bus_message *reply, const BhChannel *channel) {
        const BhChannelSettings *settings = &channel->settings;
        const struct {
                const char *key, *text;
        } texts[] = {
                {"server", settings->server},   {"security", settings->security}, {"username", settings->username},
                {"from", settings->sender},     {"url", settings->url},           {"topic", settings->topic},
                {"ca_file", settings->ca_file},
        };
        int r = bh_dictionary_open_value(reply, "settings", "a{sv}");

        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(texts); i++)
                r = append_text(reply, texts[i].key, texts[i].text);
        if (r >= 0 && settings->port > 0)
                r = sd_bus_message_append(reply, "{sv}", "port", "u", settings->port);
        if (r >= 0 && settings->recipients)
                r = append_strings(reply, "to", settings->recipients);
        if (r >= 0 && channel->kind != BH_CHANNEL_DESKTOP)
                r = sd_bus_message_append(reply, "{sv}", "secret_set", "b", channel->sealed != NULL);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : bh_dictionary_close_value(reply);
}

static int append_channel(sd_bus_message *reply, const void *row) {
        const BhChannel *channel = row;
        int r;

        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}", "id", "t", channel->id, "name", "s", channel->name,
                                  "kind", "s", bh_channel_kind_to_string(channel->kind), "enabled", "b",
                                  channel->is_enabled, "last_error", "s", channel->last_error);
        if (r >= 0 && channel->last_delivery_usec > 0)
                r = sd_bus_message_append(reply, "{sv}", "last_delivery_usec", "x", channel->last_delivery_usec);
        return r < 0 ? r : append_settings(reply, channel);
}

static int list_channels_work(BhCall *call, void *data) {
        int r = bh_channels_list(call->service->database, &((Args *)data)->rows);

        return r < 0 ? bh_call_fail(call, r, "Cannot list the channels") : 0;
}

static int list_channels_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const GPtrArray *rows = ((Args *)data)->rows;

        return append_rows(reply, rows, rows->len, append_channel);
}

/* What all methods here have in common. */
#define METHOD(method)                                                                                                 \
        .name = "Notifications." method, .who = BH_WHO_ADMIN, .action = BH_POLKIT_NOTIFICATION_MANAGE,                 \
        .size = sizeof(Args), .clear = args_clear

static const BhMethod list_channels_method = {
        METHOD("ListChannels"),
        .work = list_channels_work,
        .reply = list_channels_reply,
};

static int method_list_channels(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_channels_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* CreateChannel(s kind, s name, a{sv} settings, a{sv} options) → t id ------------------------------------------------------------------------------------ */

/* Whoever keeps the pointers in the table must not move args. */
static const BhOptionTable *settings_table(Args *args) {
        BhChannelSettings *settings = &args->changes.settings;
        const BhOption options[] = {
                {"server", 's', &settings->server, NULL, BH_CHANNEL_SETTING_MAX},
                {"port", 'u', &settings->port, &settings->is_port_given, 0},
                {"security", 's', &settings->security, NULL, BH_CHANNEL_SETTING_MAX},
                {"username", 's', &settings->username, NULL, BH_CHANNEL_SETTING_MAX},
                {"password", 's', &settings->password, NULL, BH_CHANNEL_SETTING_MAX},
                {"from", 's', &settings->sender, NULL, BH_CHANNEL_SETTING_MAX},
                {"to", 'S', &settings->recipients, NULL, BH_CHANNEL_RECIPIENTS_MAX},
                {"url", 's', &settings->url, NULL, BH_CHANNEL_SETTING_MAX},
                {"secret", 's', &settings->secret, NULL, BH_CHANNEL_SETTING_MAX},
                {"topic", 's', &settings->topic, NULL, BH_CHANNEL_SETTING_MAX},
                {"token", 's', &settings->token, NULL, BH_CHANNEL_SETTING_MAX},
                {"ca_file", 's', &settings->ca_file, NULL, BH_CHANNEL_SETTING_MAX},
        };

        G_STATIC_ASSERT(G_N_ELEMENTS(options) <= G_N_ELEMENTS(args->settings));
        memcpy(args->settings, options, sizeof options);
        args->table = (BhOptionTable){"setting", args->settings, G_N_ELEMENTS(options)};
        return &args->table;
}

static int create_channel_work(BhCall *call, void *data) {
        Args *args = data;
        int r = bh_channels_create(call->service->database, key_of(call), &call->caller, args->kind, args->name,
                                   &args->changes.settings, &call->failure, &args->id);

        return r < 0 ? bh_call_fail(call, r, "Cannot create the channel") : 0;
}

static const BhMethod create_channel_method = {
        METHOD("CreateChannel"),
        .work = create_channel_work,
        .reply = id_reply,
};

static int method_create_channel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &create_channel_method);
        Args *args = call->data;
        const BhOptionTable *table = settings_table(args);
        int r;

        r = bh_options_read_string(m, "kind", TEXT_MAX, &args->kind, error);
        if (r >= 0)
                r = bh_options_read_string(m, "name", TEXT_MAX, &args->name, error);
        if (r >= 0)
                r = bh_options_read(m, table->what, table->options, table->n_options, NULL, 0, error);
        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* UpdateChannel(t id, a{sv} changes, a{sv} options) ------------------------------------------------------------------------------------------------------- */

static int update_channel_work(BhCall *call, void *data) {
        const Args *args = data;
        int r = bh_channels_update(call->service->database, key_of(call), &call->caller, args->id, &args->changes,
                                   &call->failure);

        return r < 0 ? bh_call_fail(call, r, "Cannot change the channel") : 0;
}

static const BhMethod update_channel_method = {
        METHOD("UpdateChannel"),
        .work = update_channel_work,
};

static int method_update_channel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &update_channel_method);
        Args *args = call->data;
        BhChannelChanges *changes = &args->changes;
        const BhOption options[] = {
                {"name", 's', &changes->name, NULL, TEXT_MAX},
                {"enabled", 'b', &changes->is_enabled, &changes->is_enabled_given, 0},
                {"settings", 'D', (void *)settings_table(args), NULL, 0},
        };
        int r;

        r = sd_bus_message_read_basic(m, 't', &args->id);
        if (r >= 0)
                r = bh_options_read(m, "change", options, G_N_ELEMENTS(options), NULL, 0, error);
        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* DeleteChannel(t id, a{sv} options) ---------------------------------------------------------------------------------------------------------------------- */

static int delete_channel_work(BhCall *call, void *data) {
        int r = bh_channels_delete(call->service->database, &call->caller, ((Args *)data)->id);

        return r < 0 ? bh_call_fail(call, r, "Cannot delete the channel") : 0;
}

static const BhMethod delete_channel_method = {
        METHOD("DeleteChannel"),
        .work = delete_channel_work,
};

/* Starts a method that has an id and nothing else. */
static int start_with_id(sd_bus_message *m, BhService *service, const BhMethod *method, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(service, m, method);
        int r = sd_bus_message_read_basic(m, 't', &((Args *)call->data)->id);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int method_delete_channel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_with_id(m, userdata, &delete_channel_method, error);
}

/* TestChannel(t id, a{sv} options) → b delivered, s detail ------------------------------------------------------------------------------------------------ */

static int test_work(BhCall *call, void *data) {
        Args *args = data;
        int r = bh_notifier_test(call->service->notifier, &call->caller, args->id, &args->is_delivered, &args->detail);

        return r < 0 ? bh_call_fail(call, r, "Cannot test the channel") : 0;
}

static int test_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Args *args = data;

        return sd_bus_message_append(reply, "bs", args->is_delivered, args->detail);
}

static const BhMethod test_method = {
        METHOD("TestChannel"),
        .work = test_work,
        .reply = test_reply,
};

static int method_test(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_with_id(m, userdata, &test_method, error);
}

/* ListRules(a{sv} options) → aa{sv} rules ----------------------------------------------------------------------------------------------------------------- */

static int append_rule(sd_bus_message *reply, const void *row) {
        const BhRule *rule = row;
        int r;

        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "id", "t", rule->id, "name", "s",
                                  rule->name, "enabled", "b", rule->is_enabled, "minimum_severity", "s",
                                  bh_notification_severity_to_string(rule->minimum_severity), "quiet_from", "u",
                                  rule->quiet_from, "quiet_to", "u", rule->quiet_to, "quiet_critical", "b",
                                  rule->quiet_critical, "resolved", "b", rule->resolved);
        if (r >= 0)
                r = append_strings(reply, "kinds", rule->kinds);
        if (r >= 0)
                r = bh_dictionary_open_value(reply, "channels", "at");
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 't', rule->channels->data,
                                                rule->channels->len * sizeof(uint64_t));
        return r < 0 ? r : bh_dictionary_close_value(reply);
}

static int list_rules_work(BhCall *call, void *data) {
        int r = bh_rules_list(call->service->database, &((Args *)data)->rows);

        return r < 0 ? bh_call_fail(call, r, "Cannot list the rules") : 0;
}

static int list_rules_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const GPtrArray *rows = ((Args *)data)->rows;

        return append_rows(reply, rows, rows->len, append_rule);
}

static const BhMethod list_rules_method = {
        METHOD("ListRules"),
        .work = list_rules_work,
        .reply = list_rules_reply,
};

static int method_list_rules(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_rules_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* CreateRule(a{sv} rule, a{sv} options) → t id, UpdateRule(t id, a{sv} changes, a{sv} options) ------------------------------------------------------------- */

static int read_rule(sd_bus_message *m, const char *what, BhRuleChanges *rule, sd_bus_error *error) {
        const BhOption options[] = {
                {"name", 's', &rule->name, NULL, TEXT_MAX},
                {"enabled", 'b', &rule->is_enabled, &rule->is_enabled_given, 0},
                {"kinds", 'S', &rule->kinds, NULL, BH_RULE_KINDS_MAX},
                {"minimum_severity", 's', &rule->minimum_severity, NULL, TEXT_MAX},
                {"channels", 'T', &rule->channels, NULL, BH_RULE_CHANNELS_MAX},
                {"quiet_from", 'u', &rule->quiet_from, &rule->quiet_from_given, 0},
                {"quiet_to", 'u', &rule->quiet_to, &rule->quiet_to_given, 0},
                {"quiet_critical", 'b', &rule->quiet_critical, &rule->quiet_critical_given, 0},
                {"resolved", 'b', &rule->resolved, &rule->resolved_given, 0},
        };

        return bh_options_read(m, what, options, G_N_ELEMENTS(options), NULL, 0, error);
}

static int create_rule_work(BhCall *call, void *data) {
        Args *args = data;
        int r = bh_rules_create(call->service->database, &call->caller, &args->rule, &call->failure, &args->id);

        return r < 0 ? bh_call_fail(call, r, "Cannot create the rule") : 0;
}

static const BhMethod create_rule_method = {
        METHOD("CreateRule"),
        .work = create_rule_work,
        .reply = id_reply,
};

static int method_create_rule(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &create_rule_method);
        int r = read_rule(m, "key of a rule", &((Args *)call->data)->rule, error);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int update_rule_work(BhCall *call, void *data) {
        const Args *args = data;
        int r = bh_rules_update(call->service->database, &call->caller, args->id, &args->rule, &call->failure);

        return r < 0 ? bh_call_fail(call, r, "Cannot change the rule") : 0;
}

static const BhMethod update_rule_method = {
        METHOD("UpdateRule"),
        .work = update_rule_work,
};

static int method_update_rule(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &update_rule_method);
        Args *args = call->data;
        int r;

        r = sd_bus_message_read_basic(m, 't', &args->id);
        if (r >= 0)
                r = read_rule(m, "change", &args->rule, error);
        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* DeleteRule(t id, a{sv} options) ------------------------------------------------------------------------------------------------------------------------- */

static int delete_rule_work(BhCall *call, void *data) {
        int r = bh_rules_delete(call->service->database, &call->caller, ((Args *)data)->id);

        return r < 0 ? bh_call_fail(call, r, "Cannot delete the rule") : 0;
}

static const BhMethod delete_rule_method = {
        METHOD("DeleteRule"),
        .work = delete_rule_work,
};

static int method_delete_rule(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_with_id(m, userdata, &delete_rule_method, error);
}

/* ListDeliveries(a{sv} options) → aa{sv} deliveries, s next_cursor ----------------------------------------------------------------------------------------- */

static int append_delivery(sd_bus_message *reply, const void *row) {
        const BhDelivery *delivery = row;
        bool is_under_way = g_str_equal(delivery->state, "pending") || g_str_equal(delivery->state, "waiting");
        int r;

        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "id", "t", delivery->id, "channel",
                                  "t", delivery->channel, "channel_name", "s", delivery->channel_name, "time_usec", "x",
                                  delivery->time_usec, "title", "s", delivery->title, "text", "s", delivery->text,
                                  "severity", "s", bh_notification_severity_to_string(delivery->severity), "state", "s",
                                  delivery->state, "attempts", "u", delivery->attempts, "error", "s", delivery->error);
        if (r >= 0 && is_under_way)
                r = sd_bus_message_append(reply, "{sv}", "next_attempt_usec", "x", delivery->next_attempt_usec);
        return r;
}

static int list_deliveries_prepare(BhCall *call, void *data) {
        Args *args = data;

        if (!args->is_limit_given)
                args->limit = LIMIT_DEFAULT;
        if (args->limit < 1 || args->limit > BH_DELIVERIES_LISTED_MAX)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“limit” must be from 1 to %d",
                                      BH_DELIVERIES_LISTED_MAX);
        if (args->cursor && *args->cursor &&
            !g_ascii_string_to_unsigned(args->cursor, 10, 1, G_MAXINT64, &args->before, NULL))
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“cursor” is not one of ours");
        if (args->id > G_MAXINT64)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "“channel” is not the number of a channel");
        return 0;
}

/* One more than asked for says whether there is another page. */
static int list_deliveries_work(BhCall *call, void *data) {
        Args *args = data;
        int r = bh_deliveries_list(call->service->database, args->id, args->before, args->limit + 1, &args->rows);

        return r < 0 ? bh_call_fail(call, r, "Cannot list the deliveries") : 0;
}

static int list_deliveries_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Args *args = data;
        guint n = MIN(args->rows->len, args->limit);
        g_autofree char *cursor = NULL;
        int r;

        if (n < args->rows->len)
                cursor = g_strdup_printf("%" PRIu64, ((const BhDelivery *)g_ptr_array_index(args->rows, n - 1))->id);
        r = append_rows(reply, args->rows, n, append_delivery);
        return r < 0 ? r : sd_bus_message_append(reply, "s", cursor ?: "");
}

static const BhMethod list_deliveries_method = {
        METHOD("ListDeliveries"),
        .prepare = list_deliveries_prepare,
        .work = list_deliveries_work,
        .reply = list_deliveries_reply,
};

static int method_list_deliveries(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_deliveries_method);
        Args *args = call->data;
        const BhOption options[] = {
                {"channel", 't', &args->id, NULL, 0},
                {"limit", 'u', &args->limit, &args->is_limit_given, 0},
                {"cursor", 's', &args->cursor, NULL, 64},
        };

        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Message ------------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Shown {
        BhService *service;
        char *severity, *title, *text;
} Shown;

static int nothing(void *userdata) {
        return 0;
}

static void shown_free(Shown *message) {
        g_free(message->severity);
        g_free(message->title);
        g_free(message->text);
        g_free(message);
}

static void shown(void *userdata, int result) {
        Shown *message = userdata;

        (void)sd_bus_emit_signal(message->service->bus, BH_ROOT_PATH, INTERFACE, "Message", "sss", message->severity,
                                 message->title, message->text);
        shown_free(message);
}

/* The bus is for the event loop alone: that is where the results of workers go. */
static void show(const char *severity, const char *title, const char *text, void *userdata) {
        Shown *message = g_new(Shown, 1);
        BhService *service = userdata;

        *message = (Shown){service, g_strdup(severity), g_strdup(title), g_strdup(text)};
        if (bh_workers_run(service->workers, BH_POOL_GENERAL, nothing, shown, message) < 0)
                shown_free(message);
}

/* The interface ------------------------------------------------------------------------------------------------------------------------------------------- */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("ListChannels", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", channels),
                                method_list_channels, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateChannel", SD_BUS_ARGS("s", kind, "s", name, "a{sv}", settings, "a{sv}", options),
                                SD_BUS_RESULT("t", id), method_create_channel,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("UpdateChannel", SD_BUS_ARGS("t", id, "a{sv}", changes, "a{sv}", options),
                                SD_BUS_NO_RESULT, method_update_channel,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("DeleteChannel", SD_BUS_ARGS("t", id, "a{sv}", options), SD_BUS_NO_RESULT,
                                method_delete_channel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TestChannel", SD_BUS_ARGS("t", id, "a{sv}", options),
                                SD_BUS_RESULT("b", delivered, "s", detail), method_test, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListRules", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", rules),
                                method_list_rules, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateRule", SD_BUS_ARGS("a{sv}", rule, "a{sv}", options), SD_BUS_RESULT("t", id),
                                method_create_rule, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("UpdateRule", SD_BUS_ARGS("t", id, "a{sv}", changes, "a{sv}", options),
                                SD_BUS_NO_RESULT, method_update_rule, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DeleteRule", SD_BUS_ARGS("t", id, "a{sv}", options), SD_BUS_NO_RESULT,
                                method_delete_rule, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListDeliveries", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", deliveries, "s", next_cursor), method_list_deliveries,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Message", SD_BUS_ARGS("s", severity, "s", title, "s", text), 0),
        SD_BUS_VTABLE_END,
};

int bh_bus_notifications_add(BhService *service) {
        const BhNotifierConfig config = {
                .state_directory = service->config.state_directory,
                .retry_usec = (int64_t)service->config.notification_retry * BH_USEC_PER_SEC,
                .give_up_usec = (int64_t)service->config.notification_give_up * BH_USEC_PER_SEC,
                .timeout_usec = (int64_t)service->config.notification_timeout * BH_USEC_PER_SEC,
                .keep_usec = (int64_t)service->config.notification_keep_days * 86400 * BH_USEC_PER_SEC,
                .show = show,
                .userdata = service,
        };
        int r = bh_notifier_new(&service->notifier, &config, service->database);

        if (r < 0) {
                bh_log_error_errno(r, "Cannot use the key for the secrets of notifications");
                return r;
        }
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}

void bh_bus_notifications_tell_alert(BhService *service, const BhAlert *alert, bool is_over) {
        bh_notifier_tell(service->notifier,
                         &(BhNotification){
                                 .kind = bh_alert_kind_to_string(alert->kind),
                                 .severity = alert->severity == BH_SEVERITY_CRITICAL ? BH_NOTIFICATION_CRITICAL
                                                                                     : BH_NOTIFICATION_WARNING,
                                 .title = alert->title,
                                 .text = alert->text,
                                 .subject = alert->subject,
                                 .is_over = is_over,
                         });
}
