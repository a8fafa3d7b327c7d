"""What a variable's name tells: vendor, kind, role, and which entries belong together.

`names.classify` judges one name, `groups.group` joins entries into credentials, `catalogue.kinds`
holds what is known of every kind. The rules are data: `auditor/data/catalogue.toml`.
"""
