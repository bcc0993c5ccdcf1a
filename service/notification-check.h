/* SPDX-License-Identifier: MIT */
#pragma once

#include "failure.h"
#include "notification-channel.h"

/* Whether the settings of a channel are ones that can be used. Any thread, does not block. Errors: -EINVAL, and failure names the setting. */

/* Whether only settings are given that the kind has. */
int bh_notification_check_given(BhChannelKind kind, const BhChannelSettings *given, BhFailure *failure);

/* Whether the channel is whole. */
int bh_notification_check_channel(const BhChannel *channel, BhFailure *failure);
