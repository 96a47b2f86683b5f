# Definitions that take the place of those of the interpreter's library, which come after and use them.

# Every spelling of key and value that jq reads; keys of other types become text.
def from_entries:
  reduce .[] as $entry ({};
    . + {
      ($entry
        | if has("key") then .key elif has("k") then .k elif has("name") then .name elif has("Name") then .Name
          elif has("Key") then .Key else .K end
        | if type == "string" then . else tojson end):
      ($entry
        | if has("value") then .value elif has("v") then .v elif has("Value") then .Value else .V end)
    });
