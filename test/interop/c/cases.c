/*
 * ZooKeeper's C client (multi-threaded) against the server or the ensemble at argv[1]. Each case has a znode of its own as its root and
 * writes one line of JSON: {"case": name}, with a "why" if it failed. See foreign-cases.ts.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define SESSION_MS 8000
#define DEADLINE_S 60
#define EVENTS_MAX 64
#define TEXT_MAX 256

/* Ends the case when the condition does not hold. */
#define EXPECT(condition) \
  do { \
    if (!(condition)) return failed(#condition, __LINE__); \
  } while (0)

/* Waits for the condition, and ends the case when it does not come about. */
#define EVENTUALLY(condition) \
  do { \
    time_t deadline = time(NULL) + DEADLINE_S; \
    while (!(condition)) { \
      if (time(NULL) > deadline) return failed(#condition, __LINE__); \
      usleep(5000); \
    } \
  } while (0)

/* Of all servers, with commas between. */
static const char *addresses;
/* Of those that this case knows. */
static char address[TEXT_MAX];

static const char *failed(const char *what, int line) {
  static char why[TEXT_MAX * 2];
  snprintf(why, sizeof why, "not so in line %d: %s", line, what);
  for (char *c = why; *c != 0; c += 1) {
    if (*c == '"' || *c == '\\') *c = '\'';
  }
  return why;
}

/* What watches have told, as "type path". */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char events[EVENTS_MAX][TEXT_MAX];
static int event_count;

static void note_event(zhandle_t *zh, int type, int state, const char *path, void *context) {
  if (type == ZOO_SESSION_EVENT) return;
  pthread_mutex_lock(&lock);
  if (event_count < EVENTS_MAX) snprintf(events[event_count++], TEXT_MAX, "%d %s", type, path);
  pthread_mutex_unlock(&lock);
}

static int heard(int type, const char *path) {
  char wanted[TEXT_MAX];
  int found = 0;
  snprintf(wanted, sizeof wanted, "%d %s", type, path);
  pthread_mutex_lock(&lock);
  for (int i = 0; i < event_count; i += 1) found += strcmp(events[i], wanted) == 0;
  pthread_mutex_unlock(&lock);
  return found;
}

/* The root of this case, as a suffix of the address. */
static char place[TEXT_MAX];

static zhandle_t *client_as(const clientid_t *session) {
  zhandle_t *zh = zookeeper_init(place, NULL, SESSION_MS, session, NULL, 0);
  time_t deadline = time(NULL) + DEADLINE_S;
  while (zoo_state(zh) != ZOO_CONNECTED_STATE && !is_unrecoverable(zh) && time(NULL) < deadline) usleep(2000);
  return zh;
}

static zhandle_t *client(void) {
  return client_as(NULL);
}

static int create(zhandle_t *zh, const char *path, const char *data, int mode) {
  char name[TEXT_MAX];
  return zoo_create(zh, path, data, data == NULL ? -1 : (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE, mode, name, TEXT_MAX);
}

/* Has something done to one member, or to the leader. */
static void server(const char *what, const char *member) {
  char answer[TEXT_MAX];
  if (member == NULL) printf("{\"engine\": \"%s\"}\n", what);
  else printf("{\"engine\": \"%s\", \"at\": \"%s\"}\n", what, member);
  fflush(stdout);
  if (fgets(answer, sizeof answer, stdin) == NULL) exit(1);
}

/* The member that a client is connected to, as host:port. */
static const char *member_of(zhandle_t *zh) {
  static char text[TEXT_MAX];
  struct sockaddr_storage at;
  socklen_t length = sizeof at;
  char host[INET6_ADDRSTRLEN];
  if (zookeeper_get_connected_host(zh, (struct sockaddr *)&at, &length) == NULL) return "nowhere";
  struct sockaddr_in *place = (struct sockaddr_in *)&at;
  snprintf(text, sizeof text, "%s:%d", inet_ntop(AF_INET, &place->sin_addr, host, sizeof host), ntohs(place->sin_port));
  return text;
}

static const char *basics(void) {
  zhandle_t *zh = client();
  struct Stat stat;
  char data[TEXT_MAX];
  int length = sizeof data;
  EXPECT(create(zh, "/a", "one", 0) == ZOK);
  EXPECT(zoo_set2(zh, "/a", "three", 5, 0, &stat) == ZOK && stat.version == 1 && stat.mzxid > stat.czxid);
  EXPECT(zoo_get(zh, "/a", 0, data, &length, &stat) == ZOK && length == 5 && memcmp(data, "three", 5) == 0);
  EXPECT(zoo_exists(zh, "/a", 0, &stat) == ZOK && stat.dataLength == 5);
  EXPECT(zoo_delete(zh, "/a", 1) == ZOK);
  EXPECT(zoo_exists(zh, "/a", 0, &stat) == ZNONODE);
  EXPECT(create(zh, "/null", NULL, 0) == ZOK);
  length = sizeof data;
  EXPECT(zoo_get(zh, "/null", 0, data, &length, NULL) == ZOK && length == -1);
  return zookeeper_close(zh) == ZOK ? NULL : "it cannot be closed";
}

static const char *refusals(void) {
  zhandle_t *zh = client();
  struct ACL_vector none = {0, NULL};
  EXPECT(create(zh, "/a", "", 0) == ZOK);
  EXPECT(create(zh, "/a/e", "", ZOO_EPHEMERAL) == ZOK);
  EXPECT(create(zh, "/a", "", 0) == ZNODEEXISTS);
  EXPECT(create(zh, "/x/y", "", 0) == ZNONODE);
  EXPECT(create(zh, "/a/e/c", "", 0) == ZNOCHILDRENFOREPHEMERALS);
  EXPECT(zoo_set(zh, "/a", "", 0, 7) == ZBADVERSION);
  EXPECT(zoo_delete(zh, "/a", -1) == ZNOTEMPTY);
  EXPECT(zoo_create(zh, "/b", "", 0, &none, 0, NULL, 0) == ZINVALIDACL);
  zookeeper_close(zh);
  return NULL;
}

static const char *modes(void) {
  zhandle_t *zh = client();
  zhandle_t *other = client();
  char name[TEXT_MAX];
  struct Stat stat;
  EXPECT(zoo_create(zh, "/s-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, name, TEXT_MAX) == ZOK);
  EXPECT(strcmp(name, "/s-0000000000") == 0);
  EXPECT(create(zh, "/e", "", ZOO_EPHEMERAL) == ZOK);
  EXPECT(zoo_exists(other, "/e", 0, &stat) == ZOK && stat.ephemeralOwner == zoo_client_id(zh)->client_id);
  zookeeper_close(zh);
  EVENTUALLY(zoo_exists(other, "/e", 0, &stat) == ZNONODE);
  zookeeper_close(other);
  return NULL;
}

static const char *short_lived(void) {
  zhandle_t *zh = client();
  const char *path = "/ttl";
  EXPECT(create(zh, "/box", "", ZOO_CONTAINER) == ZOK && create(zh, "/box/thing", "", 0) == ZOK);
  EXPECT(zoo_create_ttl(zh, path, "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 300, NULL, 0) == ZOK);
  EXPECT(zoo_delete(zh, "/box/thing", -1) == ZOK);
  EVENTUALLY(zoo_exists(zh, "/box", 0, NULL) == ZNONODE);
  EVENTUALLY(zoo_exists(zh, path, 0, NULL) == ZNONODE);
  zookeeper_close(zh);
  return NULL;
}

static const char *children(void) {
  zhandle_t *zh = client();
  struct String_vector names;
  struct Stat stat;
  char path[TEXT_MAX];
  for (int i = 0; i < 200; i += 1) {
    snprintf(path, sizeof path, "/n%d", i);
    EXPECT(create(zh, path, "", 0) == ZOK);
  }
  EXPECT(zoo_get_children2(zh, "/", 0, &names, &stat) == ZOK && names.count == 200 && stat.numChildren == 200);
  deallocate_String_vector(&names);
  zookeeper_close(zh);
  return NULL;
}

static const char *large(void) {
  zhandle_t *zh = client();
  int size = 1000000;
  char *written = malloc(size);
  char *read = malloc(size);
  memset(written, 7, size);
  EXPECT(zoo_create(zh, "/large", written, size, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZOK);
  EXPECT(zoo_get(zh, "/large", 0, read, &size, NULL) == ZOK && size == 1000000 && memcmp(read, written, size) == 0);
  free(written);
  free(read);
  zookeeper_close(zh);
  return NULL;
}

static const char *watches(void) {
  zhandle_t *zh = client();
  zhandle_t *other = client();
  struct String_vector names;
  char data[TEXT_MAX];
  int length = sizeof data;
  EXPECT(zoo_wexists(zh, "/a", note_event, NULL, NULL) == ZNONODE);
  EXPECT(create(other, "/a", "", 0) == ZOK);
  EVENTUALLY(heard(ZOO_CREATED_EVENT, "/a") == 1);
  EXPECT(zoo_wget(zh, "/a", note_event, NULL, data, &length, NULL) == ZOK);
  EXPECT(zoo_wget_children(zh, "/a", note_event, NULL, &names) == ZOK);
  deallocate_String_vector(&names);
  EXPECT(zoo_set(other, "/a", "x", 1, -1) == ZOK);
  EVENTUALLY(heard(ZOO_CHANGED_EVENT, "/a") == 1);
  EXPECT(create(other, "/a/b", "", 0) == ZOK);
  EVENTUALLY(heard(ZOO_CHILD_EVENT, "/a") == 1);
  EXPECT(zoo_wexists(zh, "/a/b", note_event, NULL, NULL) == ZOK);
  EXPECT(zoo_delete(other, "/a/b", -1) == ZOK);
  EVENTUALLY(heard(ZOO_DELETED_EVENT, "/a/b") == 1);
  zookeeper_close(other);
  zookeeper_close(zh);
  return NULL;
}

static const char *removed_watches(void) {
  zhandle_t *zh = client();
  EXPECT(create(zh, "/a", "", 0) == ZOK);
  EXPECT(zoo_wexists(zh, "/a", note_event, NULL, NULL) == ZOK);
  EXPECT(zoo_remove_watches(zh, "/a", ZWATCHTYPE_DATA, note_event, NULL, 0) == ZOK);
  EXPECT(zoo_set(zh, "/a", "x", 1, -1) == ZOK && zoo_exists(zh, "/a", 0, NULL) == ZOK);
  EXPECT(heard(ZOO_CHANGED_EVENT, "/a") == 0);
  EXPECT(zoo_remove_all_watches(zh, "/a", ZWATCHTYPE_ANY, 0) == ZNOWATCHER);
  zookeeper_close(zh);
  return NULL;
}

static const char *multis(void) {
  zhandle_t *zh = client();
  zoo_op_t ops[3];
  zoo_op_result_t results[3];
  char name[TEXT_MAX];
  struct Stat stat;
  zoo_create_op_init(&ops[0], "/a", "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, name, TEXT_MAX);
  zoo_set_op_init(&ops[1], "/a", "yy", 2, 0, &stat);
  zoo_check_op_init(&ops[2], "/a", 1);
  EXPECT(zoo_multi(zh, 3, ops, results) == ZOK && stat.version == 1);
  EXPECT(results[0].err == ZOK && strcmp(results[0].value, "/a") == 0);
  zoo_create_op_init(&ops[0], "/b", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
  zoo_check_op_init(&ops[1], "/a", 7);
  zoo_delete_op_init(&ops[2], "/a", -1);
  EXPECT(zoo_multi(zh, 3, ops, results) == ZBADVERSION);
  EXPECT(results[0].err == ZOK && results[1].err == ZBADVERSION && results[2].err == ZRUNTIMEINCONSISTENCY);
  EXPECT(zoo_exists(zh, "/b", 0, NULL) == ZNONODE);
  zookeeper_close(zh);
  return NULL;
}

static void note_answer(int code, const void *context) {
  pthread_mutex_lock(&lock);
  *(int *)context = code;
  pthread_mutex_unlock(&lock);
}

static const char *access_lists(void) {
  zhandle_t *owner = client();
  zhandle_t *other = client();
  struct ACL_vector acl;
  char data[TEXT_MAX];
  int length = sizeof data;
  int added = 1;
  EXPECT(zoo_add_auth(owner, "digest", "ann:pw", 6, note_answer, &added) == ZOK);
  EVENTUALLY(added == ZOK);
  EXPECT(zoo_create(owner, "/own", "secret", 6, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0) == ZOK);
  EXPECT(zoo_get(other, "/own", 0, data, &length, NULL) == ZNOAUTH);
  EXPECT(zoo_get_acl(owner, "/own", &acl, NULL) == ZOK && acl.count == 1);
  EXPECT(strcmp(acl.data[0].id.scheme, "digest") == 0 && strncmp(acl.data[0].id.id, "ann:", 4) == 0);
  deallocate_ACL_vector(&acl);
  EXPECT(zoo_set_acl(owner, "/own", 0, &ZOO_OPEN_ACL_UNSAFE) == ZOK);
  EXPECT(zoo_get(other, "/own", 0, data, &length, NULL) == ZOK && length == 6);
  zookeeper_close(other);
  zookeeper_close(owner);
  return NULL;
}

static int answered[200];
static int answer_count;

static void note_order(int code, const struct Stat *stat, const void *context) {
  answered[answer_count++] = code == ZOK ? *(const int *)context : -1;
}

static const char *in_order(void) {
  zhandle_t *zh = client();
  static int nth[200];
  EXPECT(create(zh, "/a", "", 0) == ZOK);
  for (int i = 0; i < 200; i += 1) {
    nth[i] = i;
    if (i % 2 == 0) EXPECT(zoo_aset(zh, "/a", "x", 1, -1, note_order, &nth[i]) == ZOK);
    else EXPECT(zoo_aexists(zh, "/a", 0, note_order, &nth[i]) == ZOK);
  }
  EVENTUALLY(answer_count == 200);
  for (int i = 0; i < 200; i += 1) EXPECT(answered[i] == i);
  zookeeper_close(zh);
  return NULL;
}

static void note_sync(int code, const char *path, const void *context) {
  note_answer(code, context);
}

static const char *sync_and_config(void) {
  /* The configuration is nowhere below this case's root. */
  snprintf(place, sizeof place, "%s", address);
  zhandle_t *zh = client();
  char data[4096];
  int length = sizeof data;
  int synced = 1;
  EXPECT(zoo_async(zh, "/", note_sync, &synced) == ZOK);
  EVENTUALLY(synced == ZOK);
  EXPECT(zoo_getconfig(zh, 0, data, &length, NULL) == ZOK);
  zookeeper_close(zh);
  return NULL;
}

static const char *come_back(void) {
  zhandle_t *first = client();
  EXPECT(create(first, "/e", "", ZOO_EPHEMERAL) == ZOK);
  clientid_t session = *zoo_client_id(first);
  zhandle_t *second = client_as(&session);
  EXPECT(zoo_client_id(second)->client_id == session.client_id);
  EVENTUALLY(zoo_exists(second, "/e", 0, NULL) == ZOK);
  zookeeper_close(second);
  /* The first may have taken the session back before that: then it closed nothing. And it may come back while the session
     is being closed: then ZooKeeper leaves it connected, and refuses what it writes. */
  time_t deadline = time(NULL) + 2 * DEADLINE_S;
  int written = ZOK;
  while (!is_unrecoverable(first) && written != ZSESSIONEXPIRED && time(NULL) < deadline) {
    zookeeper_close(client_as(&session));
    usleep(50000);
    if (!is_unrecoverable(first)) written = zoo_set(first, "/e", "", 0, -1);
  }
  EXPECT(zoo_state(first) == ZOO_EXPIRED_SESSION_STATE || written == ZSESSIONEXPIRED);
  zookeeper_close(first);
  return NULL;
}

static const char *killed(void) {
  zhandle_t *zh = client();
  struct Stat stat;
  char member[TEXT_MAX];
  EXPECT(create(zh, "/e", "x", ZOO_EPHEMERAL) == ZOK);
  EXPECT(zoo_wexists(zh, "/e", note_event, NULL, NULL) == ZOK);
  snprintf(member, sizeof member, "%s", member_of(zh));
  server("kill", member);
  server("start", member);
  EVENTUALLY(zoo_exists(zh, "/e", 0, &stat) == ZOK);
  EXPECT(stat.ephemeralOwner == zoo_client_id(zh)->client_id);
  EVENTUALLY(zoo_set(zh, "/e", "y", 1, -1) == ZOK);
  EVENTUALLY(heard(ZOO_CHANGED_EVENT, "/e") >= 1);
  zookeeper_close(zh);
  return NULL;
}

static const char *moved(void) {
  zhandle_t *zh = client();
  struct Stat stat;
  char member[TEXT_MAX];
  EXPECT(create(zh, "/e", "x", ZOO_EPHEMERAL) == ZOK);
  EXPECT(zoo_wexists(zh, "/e", note_event, NULL, NULL) == ZOK);
  snprintf(member, sizeof member, "%s", member_of(zh));
  server("kill", member);
  EVENTUALLY(zoo_exists(zh, "/e", 0, &stat) == ZOK);
  EXPECT(strcmp(member_of(zh), member) != 0);
  EXPECT(stat.ephemeralOwner == zoo_client_id(zh)->client_id);
  EVENTUALLY(zoo_set(zh, "/e", "y", 1, -1) == ZOK);
  EVENTUALLY(heard(ZOO_CHANGED_EVENT, "/e") >= 1);
  server("start", member);
  zookeeper_close(zh);
  return NULL;
}

static const char *led_by_another(void) {
  zhandle_t *zh = client();
  EXPECT(create(zh, "/a", "", 0) == ZOK);
  server("kill", NULL);
  EVENTUALLY(zoo_set(zh, "/a", "x", 1, -1) == ZOK);
  EXPECT(create(zh, "/a/b", "", 0) == ZOK);
  server("start", NULL);
  zookeeper_close(zh);
  return NULL;
}

static const char *paused(void) {
  zhandle_t *zh = client();
  char member[TEXT_MAX];
  EXPECT(create(zh, "/a", "", 0) == ZOK);
  answer_count = 0;
  snprintf(member, sizeof member, "%s", member_of(zh));
  server("pause", member);
  static int nth = 7;
  EXPECT(zoo_aexists(zh, "/a", 0, note_order, &nth) == ZOK);
  server("resume", member);
  EVENTUALLY(answer_count == 1 && answered[0] == 7);
  zookeeper_close(zh);
  return NULL;
}

/* What another client does is not seen at once at every member: most cases have one of them. */
enum place { ONE, ALL, ALL_OF_SEVERAL };

static const struct {
  const char *name;
  const char *(*body)(void);
  enum place place;
} cases[] = {
    {"what is written can be read, with its stat", basics, ONE},
    {"a refusal says why", refusals, ONE},
    {"sequential and ephemeral znodes", modes, ONE},
    {"containers and times to live", short_lived, ONE},
    {"children are listed", children, ONE},
    {"a znode holds most of a mebibyte", large, ONE},
    {"watches tell of creations, changes, children and deletions", watches, ONE},
    {"watches are removed", removed_watches, ONE},
    {"a multi is done as a whole or not at all", multis, ONE},
    {"credentials and access lists", access_lists, ONE},
    {"asynchronous answers come in order", in_order, ALL},
    {"sync and the configuration", sync_and_config, ALL},
    {"a session is come back to, and closed by another client", come_back, ONE},
    {"a killed server: session, ephemeral and watch survive", killed, ALL},
    {"a paused server: a request waits", paused, ALL},
    {"a killed member: its client goes on at another", moved, ALL_OF_SEVERAL},
    {"a killed leader: clients are led by another", led_by_another, ALL_OF_SEVERAL},
};

/* Every so many'th of the addresses: a member for each case in turn. */
static void choose_member(char *chosen, int nth) {
  char all[TEXT_MAX];
  char *members[TEXT_MAX];
  int count = 0;
  snprintf(all, sizeof all, "%s", addresses);
  for (char *one = strtok(all, ","); one != NULL; one = strtok(NULL, ",")) members[count++] = one;
  snprintf(chosen, TEXT_MAX, "%s", members[nth % count]);
}

static void run(int nth) {
  char root[TEXT_MAX];
  event_count = 0;
  answer_count = 0;
  if (cases[nth].place == ONE) choose_member(address, nth);
  else snprintf(address, sizeof address, "%s", addresses);
  snprintf(place, sizeof place, "%s", address);
  zhandle_t *zh = client();
  snprintf(root, sizeof root, "/case-%d", nth);
  create(zh, root, "", 0);
  zookeeper_close(zh);
  snprintf(place, sizeof place, "%s%s", address, root);
  const char *why = cases[nth].body();
  if (why == NULL) printf("{\"case\": \"%s\"}\n", cases[nth].name);
  else printf("{\"case\": \"%s\", \"why\": \"%s\"}\n", cases[nth].name, why);
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 2) return 1;
  addresses = arguments[1];
  zoo_set_debug_level(0);
  for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i += 1) {
    if (cases[i].place != ALL_OF_SEVERAL || strchr(addresses, ',') != NULL) run(i);
  }
  return 0;
}
