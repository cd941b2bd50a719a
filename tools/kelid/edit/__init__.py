"""Changes to a site's YAML files that keep comments and layout. The only room that knows ruamel.yaml.

``Document`` splices text at the places of ruamel's nodes, so what isn't changed stays byte for byte what it was.
"""
