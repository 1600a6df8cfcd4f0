package interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.Revoker;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedValue;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;
import org.apache.zookeeper.CreateMode;

/** Curator's recipes as tools of a mixed company. */
final class CompanyTools {
  private static final int WAIT_SECONDS = 60;

  static Company.Tool open(CuratorFramework curator, String kind, String path, JsonNode with) throws Exception {
    switch (kind) {
      case "mutex":
        return mutex(curator, path);
      case "readers":
        return holding(new InterProcessReadWriteLock(curator, path).readLock());
      case "writers":
        return holding(new InterProcessReadWriteLock(curator, path).writeLock());
      case "semaphore":
        return semaphore(new InterProcessSemaphoreV2(curator, path, with.get("limit").asInt()));
      case "followed_semaphore":
        SharedCount limit = new SharedCount(curator, with.get("limitPath").asText(), with.get("limit").asInt());
        limit.start();
        return semaphore(new InterProcessSemaphoreV2(curator, path, limit));
      case "election":
        return latch(curator, path);
      case "selector":
        return selector(curator, path);
      case "barrier":
        return barrier(new DistributedBarrier(curator, path));
      case "double_barrier":
        return doubleBarrier(new DistributedDoubleBarrier(curator, path, with.get("size").asInt()));
      case "value":
        return value(new SharedValue(curator, path, with.get("initial").asText().getBytes(UTF_8)));
      case "group":
        return group(curator, path, with.get("name").asText());
      case "node":
        return node(new PersistentNode(curator, CreateMode.EPHEMERAL, false, path, bytes(with)));
      case "services":
        return services(curator, path);
      default:
        throw new IllegalArgumentException("Curator has no " + kind);
    }
  }

  private interface Step {
    void run() throws Exception;
  }

  /** What can be had and given back, and had in turns with others. */
  private static Company.Tool held(Step acquire, Step release) {
    return (what, with) -> {
      switch (what) {
        case "acquire":
          acquire.run();
          return null;
        case "release":
          release.run();
          return null;
        case "rounds":
          CompanyRoom room = new CompanyRoom(with);
          for (int i = with.get("rounds").asInt(); i > 0; i -= 1) {
            acquire.run();
            room.visit();
            release.run();
          }
          return null;
        default:
          throw unknown(what);
      }
    };
  }

  private static Company.Tool holding(InterProcessMutex lock) {
    return held(lock::acquire, lock::release);
  }

  private static Company.Tool mutex(CuratorFramework curator, String path) {
    InterProcessMutex lock = new InterProcessMutex(curator, path);
    AtomicInteger asked = new AtomicInteger();
    lock.makeRevocable(any -> asked.incrementAndGet());
    Company.Tool held = holding(lock);
    return (what, with) -> {
      switch (what) {
        case "asked":
          return asked.get();
        case "revoke":
          Revoker.attemptRevoke(curator, lock.getParticipantNodes().iterator().next());
          return null;
        case "participants":
          return new ArrayList<>(lock.getParticipantNodes());
        default:
          return held.perform(what, with);
      }
    };
  }

  private static Company.Tool semaphore(InterProcessSemaphoreV2 semaphore) {
    List<Lease> leases = new ArrayList<>();
    return held(() -> leases.add(semaphore.acquire()), () -> semaphore.returnLease(leases.remove(0)));
  }

  private static Company.Tool latch(CuratorFramework curator, String path) {
    List<LeaderLatch> latches = new ArrayList<>();
    Company.Tool held = held(
        () -> {
          LeaderLatch latch = new LeaderLatch(curator, path, "curator");
          latches.add(latch);
          latch.start();
          latch.await();
        },
        () -> latches.remove(0).close());
    return (what, with) -> {
      if (!what.equals("leader")) return held.perform(what, with);
      return new LeaderLatch(curator, path).getLeader().getId();
    };
  }

  private static Company.Tool selector(CuratorFramework curator, String path) {
    List<LeaderSelector> selectors = new ArrayList<>();
    return held(
        () -> {
          CountDownLatch leads = new CountDownLatch(1);
          LeaderSelector selector = new LeaderSelector(curator, path, new LeaderSelectorListenerAdapter() {
            @Override
            public void takeLeadership(CuratorFramework any) throws Exception {
              leads.countDown();
              new CountDownLatch(1).await();
            }
          });
          selectors.add(selector);
          selector.start();
          leads.await();
        },
        () -> selectors.remove(0).close());
  }

  private static Company.Tool barrier(DistributedBarrier barrier) {
    return (what, with) -> {
      switch (what) {
        case "close":
          barrier.setBarrier();
          return null;
        case "open_up":
          barrier.removeBarrier();
          return null;
        case "wait":
          return barrier.waitOnBarrier(WAIT_SECONDS, TimeUnit.SECONDS);
        default:
          throw unknown(what);
      }
    };
  }

  private static Company.Tool doubleBarrier(DistributedDoubleBarrier barrier) {
    return (what, with) -> what.equals("enter")
        ? barrier.enter(WAIT_SECONDS, TimeUnit.SECONDS)
        : barrier.leave(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  private static Company.Tool value(SharedValue value) throws Exception {
    value.start();
    return (what, with) -> {
      switch (what) {
        case "get":
          return new String(value.getValue(), UTF_8);
        case "set":
          return value.trySetValue(value.getVersionedValue(), bytes(with));
        case "increments":
          for (int i = with.get("rounds").asInt(); i > 0; i -= 1) {
            while (!value.trySetValue(value.getVersionedValue(), incremented(value.getValue()))) {
              Thread.yield();
            }
          }
          return null;
        default:
          throw unknown(what);
      }
    };
  }

  private static byte[] incremented(byte[] text) {
    return String.valueOf(Integer.parseInt(new String(text, UTF_8)) + 1).getBytes(UTF_8);
  }

  private static Company.Tool group(CuratorFramework curator, String path, String name) {
    GroupMember member = new GroupMember(curator, path, name, name.getBytes(UTF_8));
    return (what, with) -> {
      switch (what) {
        case "join":
          member.start();
          return null;
        case "members":
          return new ArrayList<>(member.getCurrentMembers().keySet());
        case "leave":
          member.close();
          return null;
        default:
          throw unknown(what);
      }
    };
  }

  private static Company.Tool node(PersistentNode node) {
    return (what, with) -> {
      if (what.equals("start")) {
        node.start();
        return node.waitForInitialCreate(WAIT_SECONDS, TimeUnit.SECONDS);
      }
      node.close();
      return null;
    };
  }

  private static Company.Tool services(CuratorFramework curator, String path) throws Exception {
    ServiceDiscovery<Object> discovery = ServiceDiscoveryBuilder.builder(Object.class)
        .client(curator)
        .basePath(path)
        .serializer(new JsonInstanceSerializer<>(Object.class))
        .build();
    discovery.start();
    return (what, with) -> {
      switch (what) {
        case "register":
          discovery.registerService(instance(with));
          return null;
        case "unregister":
          discovery.unregisterService(instance(with));
          return null;
        case "names":
          return new ArrayList<>(discovery.queryForNames());
        case "list":
          List<Map<String, Object>> all = new ArrayList<>();
          for (ServiceInstance<Object> one : discovery.queryForInstances(with.get("name").asText())) {
            all.add(Map.of(
                "id", one.getId(),
                "address", one.getAddress(),
                "port", one.getPort(),
                "payload", String.valueOf(one.getPayload()),
                "uri", one.getUriSpec() == null ? "" : one.buildUriSpec(),
                "enabled", one.isEnabled()));
          }
          return all;
        default:
          throw unknown(what);
      }
    };
  }

  private static ServiceInstance<Object> instance(JsonNode with) throws Exception {
    return ServiceInstance.<Object>builder()
        .name(with.get("name").asText())
        .id(with.get("instance").asText())
        .address(with.get("address").asText())
        .port(with.get("port").asInt())
        .build();
  }

  private static byte[] bytes(JsonNode with) {
    return with.get("data").asText().getBytes(UTF_8);
  }

  private static IllegalArgumentException unknown(String what) {
    return new IllegalArgumentException("nobody knows how to " + what);
  }
}
