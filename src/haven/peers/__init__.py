# SPDX-License-Identifier: GPL-2.0-or-later
"""The routers that this one knows: pairing by a code, identities, and how they prove who they are."""
