"""The screen: a viewer of the database that never writes to it; only this package knows Textual, rich and plotext."""
