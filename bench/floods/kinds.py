"""Every kind of attack: what its clients do, and how many there are."""

from bench.floods import connections, devices, requests, sockets
from bench.floods.attack import Client

HOLD, SLOW, FLOOD = (sockets.hold_idle, 2000), (sockets.never_read, 200), (sockets.flood_reps, 50)
KINDS: dict[str, list[tuple[Client, int]]] = {
    "idle": [HOLD],
    "slowread": [SLOW],
    "flood": [FLOOD],
    "pings": [(sockets.flood_pings, 1)],
    "empties": [(sockets.flood_empty_fragments, 1)],
    "nothings": [(sockets.flood_empty_messages, 20)],
    "connects": [(sockets.connect_often, 20)],
    "wall": [(sockets.watch_as_nobody, 20)],
    "hello": [(devices.flood_with("hello"), 20)],
    "status": [(devices.flood_with("status"), 20)],
    "finish": [(devices.flood_with("finish"), 20)],
    "seq": [(devices.flood_with("seq"), 20)],
    "gone-finish": [(devices.leave_after("finish"), 1)],
    "gone-seq": [(devices.leave_after("seq"), 1)],
    "tcpidle": [(connections.say_nothing, 200)],
    "slowhead": [(connections.drip_headers, 200)],
    "slowbody": [(connections.drip_body, 200)],
    "header": [(connections.send_endless_header, 1)],
    "headers": [(connections.send_endless_headers, 1)],
    "body": [(connections.send_endless_body, 1)],
    "gets": [(requests.ask_often("/"), 50)],
    "lists": [(requests.ask_often(requests.LONG_LIST), 10)],
    "slowlist": [(requests.leave_list_unread, 50)],
    "logins": [(requests.log_in_often, 50)],
    "finishes": [(requests.finish_often, 20)],
    "pipeline": [(requests.pipeline, 20)],
    "mix": [HOLD, SLOW, FLOOD],
}
# they need long sessions to list
LISTS = ("lists", "slowlist")
