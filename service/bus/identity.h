/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/call.h"
#include "bus/peer.h"

/* Who is asking. Settled here and nowhere else, for each call, by what is known in memory: nothing waits.
 *
 * 1. A token (option "auth.token"): its account, if the token is genuine and its session lives. Who hands it in does not matter.
 * 2. No token: the Unix user that the bus vouches for. If an account is linked to its uid, that account.
 * 3. The Unix user of the web bridge ([service] bridge-user) is nobody without a token: it serves whoever finds its port. Where bridge and service run as
 *    the same Unix user, which is for development only, there is no telling them apart from that user's own programs, so 2. applies to the bridge too.
 *
 * What the bridge says about the browser (options client_address, client_agent) is believed from the Unix user of the bridge only. */

typedef enum BhStanding {
        BH_STANDING_REFUSED, /* call->failure says why */
        BH_STANDING_SETTLED, /* call->caller may do it */
        BH_STANDING_POLKIT,  /* it is for polkit to say whether call->caller may do it */
} BhStanding;

/* Fills in call->caller and says what follows for call->method->who. *result is the negative errno when it is refused. Event loop. */
BhStanding bh_identity_settle(BhCall *call, const BhPeer *peer, int *result);

/* The polkit action that the call takes; NULL when there is none. */
const char *bh_identity_polkit_action(const BhCall *call);
