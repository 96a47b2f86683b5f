# Definitions that the interpreter's library does not have, or has in another crate.

# Last paths first, so that one deletion does not move what another means.
def delpaths($paths): reduce ($paths | sort | reverse)[] as $path (.; getpath($path) |= empty);
def del(f): delpaths([path(f)]);

def transpose: [range([.[] | length] | max // 0) as $i | [.[][$i]]];
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i)[0];
def rindex($i): indices($i)[-1:][0];
def IN(source): any(source == .; .);
def IN(source; wanted): any(source == wanted; .);
def INDEX(stream; key): reduce stream as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def trimstr($fix): ltrimstr($fix) | rtrimstr($fix);
def toarray: if type == "array" then . else [.] end;
def leaf_paths: paths(scalars);
def localtime: gmtime;
def strflocaltime($format): strftime($format);
def todate($format): strftime($format);
def ascii: [.] | implode;
def @json: tojson;
def @csv:
  [.[] | if type == "string" then "\"" + gsub("\""; "\"\"") + "\"" elif . == null then "" elif type == "array" or type == "object"
    then error("\(type) cannot be a field of a row") else tojson end] | join(",");
def @tsv:
  [.[] | if type == "string" then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r") elif . == null then ""
    elif type == "array" or type == "object" then error("\(type) cannot be a field of a row") else tojson end] | join("\t");
