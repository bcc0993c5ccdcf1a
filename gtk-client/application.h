/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define BH_TYPE_APPLICATION (bh_application_get_type())
G_DECLARE_FINAL_TYPE(BhApplication, bh_application, BH, APPLICATION, AdwApplication)

BhApplication *bh_application_new(void);

G_END_DECLS
