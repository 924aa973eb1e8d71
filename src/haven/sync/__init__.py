# SPDX-License-Identifier: GPL-2.0-or-later
"""One configuration on paired routers: what is shared, who changed it, and how it is merged and applied."""
