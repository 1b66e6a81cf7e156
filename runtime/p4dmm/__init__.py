"""Distributed mobility management (IETF dmm) on P4 switches."""
