"""The sheets the tool owns, each drawn from neutral tables onto a streamed worksheet."""
