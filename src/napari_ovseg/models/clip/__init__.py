"""The vision-language model: registry, download, loading, text and image towers."""
