"""The named endpoints and tools, for programs and assistants."""
