"""The functions of the dial plan: ``${NAME(arguments)}`` and ``Set(NAME(arguments)=value)``, one module for each family."""
